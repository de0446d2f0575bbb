// The fields of a contact: which there are, and which of them changed.
import type { BookContact, ContactChange, ContactFields } from "../../api/contacts.ts";

/** The words for addresses and numbers that every program knows. */
export const KINDS = ["home", "work", "cell", "fax", "pager", "main", "other"] as const;
export type Kind = (typeof KINDS)[number];

export const isKind = (label: string): label is Kind =>
  (KINDS as readonly string[]).includes(label);

export function blank(): ContactFields {
  return {
    name: { prefix: "", given: "", middle: "", family: "", suffix: "", nickname: "", full: "" },
    work: { company: "", department: "", title: "" },
    emails: [],
    phones: [],
    postal: [],
    urls: [],
    birthday: "",
    notes: "",
    labels: [],
    own: [],
    favourite: false,
  };
}

/** The fields alone. */
export function fieldsOf(contact: BookContact | ContactFields): ContactFields {
  const { name, work, emails, phones, postal, urls, birthday, notes, labels, own, favourite } =
    contact;
  return { name, work, emails, phones, postal, urls, birthday, notes, labels, own, favourite };
}

/** The fields in which two contacts differ, as the second has them. */
export function changed(before: ContactFields, after: ContactFields): ContactChange {
  const names = Object.keys(blank()) as (keyof ContactFields)[];
  const differs = (name: keyof ContactFields) =>
    JSON.stringify(before[name]) !== JSON.stringify(after[name]);
  return Object.fromEntries(names.filter(differs).map((name) => [name, after[name]]));
}

type Name = ContactFields["name"];

const PARTS = ["prefix", "given", "middle", "family", "suffix"] as const;

/**
 * The name after it was edited. The whole name goes only if it was made of the parts that changed:
 * another one, such as that of a card without parts, stays until somebody edits it.
 */
export function nameAfter(before: Name, now: Name): Name {
  const parts = PARTS.map((part) => before[part]).filter((part) => part !== "");
  const wasMade = now.full === before.full && now.full === parts.join(" ");
  return wasMade && PARTS.some((part) => now[part] !== before[part]) ? { ...now, full: "" } : now;
}

/** Labels as one line of text. One that has a comma itself stands in quotation marks. */
export function labelsText(labels: readonly string[]): string {
  const text = (label: string) => (/[",]/.test(label) ? `"${label.replaceAll('"', '""')}"` : label);
  return labels.map(text).join(", ");
}

/** The labels that such a line says. */
export function labelsOf(text: string): string[] {
  const found = text.matchAll(/\s*"((?:[^"]|"")*)"\s*(?=,|$)|[^,]+/g);
  const labels = [...found].map(([whole, quoted]) => quoted?.replaceAll('""', '"') ?? whole);
  return labels.map((label) => label.trim()).filter((label) => label !== "");
}

/** All that a request proposes: who allows it should have seen it. `kind` names a label. */
export function proposedFacts(contact: ContactFields, kind: (label: string) => string): string[] {
  const { name, work } = contact;
  const some = (parts: string[], by: string) => parts.filter((part) => part !== "").join(by);
  const labelled = (label: string, value: string) =>
    label === "" || value === "" ? value : `${value} (${kind(label)})`;
  const ways = [...contact.emails, ...contact.phones, ...contact.urls];
  const postal = contact.postal.map(({ label, ...one }) => {
    const lines = [one.postBox, one.extended, one.street, one.code, one.city];
    return labelled(label, some([...lines, one.region, one.country], ", "));
  });
  const facts = [
    name.full,
    some(
      PARTS.map((part) => name[part]),
      " ",
    ),
    name.nickname,
    some([work.title, work.department, work.company], ", "),
    ...ways.map(({ label, value }) => labelled(label, value)),
    ...postal,
  ];
  return [...new Set(facts)].filter((fact) => fact !== "");
}

/** The fields that can be shared, in the order in which they are shown. */
export const FIELDS = [
  ...(["name", "work", "emails", "phones", "postal", "urls", "birthday", "notes", "own"] as const),
];

/** What the parts and the labels are called; the words of a language have them all. */
export interface Parts {
  kinds: Record<Kind, string>;
  nameParts: Record<keyof Name, string>;
  workParts: Record<keyof ContactFields["work"], string>;
  postalParts: Record<Exclude<keyof ContactFields["postal"][number], "label">, string>;
}

/**
 * What a part of a contact says, field by field, with each label and each part by its name: two changes
 * that differ must not look the same.
 */
export function saidBy(
  part: ContactChange,
  words: Parts,
): { field: (typeof FIELDS)[number]; text: string }[] {
  const whole = { ...blank(), ...part } as ContactFields;
  const labelled = (label: string, value: string) =>
    label === "" ? value : `${value} (${isKind(label) ? words.kinds[label] : label})`;
  const lines = (items: { label: string; value: string }[]) =>
    items.map(({ label, value }) => labelled(label, value)).join("\n");
  const named = <Key extends string>(names: Record<Key, string>, values: Record<Key, string>) =>
    (Object.keys(names) as Key[])
      .filter((key) => values[key] !== "")
      .map((key) => `${names[key]}: ${values[key]}`);
  const texts = {
    name: named(words.nameParts, whole.name).join("\n"),
    work: named(words.workParts, whole.work).join("\n"),
    emails: lines(whole.emails),
    phones: lines(whole.phones),
    postal: whole.postal
      .map(({ label, ...one }) => labelled(label, named(words.postalParts, one).join("\n")))
      .join("\n"),
    urls: lines(whole.urls),
    birthday: whole.birthday,
    notes: whole.notes,
    own: whole.own.map(({ label, value }) => `${label}: ${value}`).join("\n"),
  };
  return FIELDS.filter((field) => part[field] !== undefined).map((field) => ({
    field,
    text: texts[field],
  }));
}
