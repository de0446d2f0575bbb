// The forms of words that change with a number or a name, used by each part of the catalogue.
import { plural } from "../plural.ts";

interface Counted {
  one: string;
  two: string;
  few: string;
  /** The form after 11 to 99, if it differs from the one after 100: يومًا and يوم. */
  many?: string;
  other: string;
}

/** A counted noun; `zero` is for texts that have their own form for none. */
export const many = (n: number, forms: Counted, zero?: string) =>
  plural("ar", n, {
    ...(zero !== undefined && { zero }),
    one: forms.one,
    two: forms.two,
    few: `${n} ${forms.few}`,
    many: `${n} ${forms.many ?? forms.other}`,
    other: `${n} ${forms.other}`,
  });
export const rest = { few: "رسائل", other: "رسالة" };
/** As the subject: وصلت رسالتان. */
export const messages = (n: number, zero?: string) =>
  many(n, { one: "رسالة واحدة", two: "رسالتان", ...rest }, zero);
/** As an object or after a preposition: حذف رسالتين. */
export const messagesOf = (n: number) => many(n, { one: "رسالة واحدة", two: "رسالتين", ...rest });
export const attachments = (n: number) =>
  many(
    n,
    { one: "مرفق واحد", two: "مرفقان", few: "مرفقات", many: "مرفقًا", other: "مرفق" },
    "بلا مرفقات",
  );
/** All of them, as the object of a verb: تحديد الرسالتين. */
export const everyMessage = (n: number) =>
  plural("ar", n, { one: "الرسالة الوحيدة", two: "الرسالتين", other: `كل الرسائل (${n})` });
// Foreign text keeps its own direction and does not affect that of the sentence.
export const own = (text: string) => `\u2068${text}\u2069`;
export const ltr = (text: string) => `\u2066${text}\u2069`;
