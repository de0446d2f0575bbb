// Finds a part of the interface by the words that stand in it, in the user's language.

type Words = { [key: string]: unknown };

/** Whether each word of the query stands in one of these texts; texts with gaps are left out. */
export function mentions(words: object, query: string): boolean {
  const text = texts(words as Words)
    .join("\n")
    .toLocaleLowerCase();
  const asked = query.toLocaleLowerCase().split(/\s+/);
  return asked.every((word) => text.includes(word));
}

function texts(words: Words): string[] {
  return Object.values(words).flatMap((entry) => {
    if (typeof entry === "string") return [entry];
    return typeof entry === "object" && entry !== null ? texts(entry as Words) : [];
  });
}
