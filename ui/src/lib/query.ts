// Splits a search into its terms: each is shown as a chip that can be removed.

/** Splits at blanks outside quotes, as the server does. */
export function pieces(query: string): string[] {
  return query.match(/-?(?:[a-z]+:)?"[^"]*"?|\S+/giu) ?? [];
}

export function without(query: string, at: number): string {
  return pieces(query)
    .filter((_, other) => other !== at)
    .join(" ");
}
