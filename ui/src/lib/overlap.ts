// Where entries of a day stand that happen at the same time: side by side, all of them as wide.

export interface Span {
  start: number;
  end: number;
}

/** The column of an entry, and how many columns share the room. */
export interface Place {
  column: number;
  of: number;
}

/**
 * Gives each span a column. Those that overlap, directly or through others, share the room; one that
 * begins when another ends does not overlap it. An entry without length takes `least`.
 */
export function sideBySide(spans: readonly Span[], least = 1): Place[] {
  const places: Place[] = spans.map(() => ({ column: 0, of: 1 }));
  const ends = spans.map(({ start, end }) => Math.max(end, start + least));
  const order = spans.map((_, at) => at);
  const span = (at: number) => ({ start: spans[at]?.start ?? 0, end: ends[at] ?? 0 });
  // The longer of two that begin together comes first, so that it stands at the beginning.
  order.sort((a, b) => span(a).start - span(b).start || span(b).end - span(a).end || a - b);
  let cluster: number[] = [];
  let columns: number[] = [];
  const close = () => {
    for (const at of cluster) places[at] = { ...(places[at] ?? { column: 0 }), of: columns.length };
    [cluster, columns] = [[], []];
  };
  for (const at of order) {
    const { start, end } = span(at);
    if (columns.every((until) => until <= start)) close();
    const free = columns.findIndex((until) => until <= start);
    const column = free < 0 ? columns.length : free;
    columns[column] = end;
    cluster.push(at);
    places[at] = { column, of: 1 };
  }
  close();
  return places;
}
