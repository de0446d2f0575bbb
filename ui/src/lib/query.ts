// A search as its pieces: what stands in chips, each of which can be taken out.

/** Cuts at blanks outside quotes, as the server does. */
export function pieces(query: string): string[] {
  return query.match(/-?(?:[a-z]+:)?"[^"]*"?|\S+/giu) ?? [];
}

export function without(query: string, at: number): string {
  return pieces(query)
    .filter((_, other) => other !== at)
    .join(" ");
}
