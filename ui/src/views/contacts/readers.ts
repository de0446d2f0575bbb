// The names of readers of a contact, and of its fields.
import type { Field, Reader } from "../../api/contacts.ts";
import type { Catalogue } from "../../i18n/en.ts";

type Words = Catalogue["contacts"];

/** How a reader is called; one who cannot be named is shown by its address or its id. */
export function readerName(reader: Reader, words: Words): string {
  if (reader.kind === "everybody") return words.share.readers.everybody;
  return [reader.name, reader.address, reader.id].find((one) => one !== "") ?? "";
}

/** How a field is called. */
export function fieldName(field: Field, words: Words): string {
  if (field === "name") return words.share.name;
  return field === "work" ? words.share.work : words[field];
}
