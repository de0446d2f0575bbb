/**
 * The direction of a field for text in any language: that of what is typed. An empty one has that of
 * the page; by itself it would be left to right, with its placeholder and caret at the wrong end.
 */
export function fieldDir(value: string): "auto" | undefined {
  return value === "" ? undefined : "auto";
}

/** What mail programs put before a subject, whatever its language. */
const PREFIXES = /^(?:\s*(?:re|fwd?|aw|wg|sv|vs|tr|rv|antw)\s*(?:\[\d+\])?\s*:)+/iu;

/**
 * The direction of a subject: that of its first word after "Re:", which says nothing about the
 * language of the rest.
 */
export function subjectDir(subject: string): "ltr" | "rtl" | "auto" {
  const own = subject.replace(PREFIXES, "");
  const strong = /[\p{L}]/u.exec(own)?.[0];
  if (strong === undefined) return "auto";
  return /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u.test(
    strong,
  )
    ? "rtl"
    : "ltr";
}
