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
