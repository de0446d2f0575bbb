// What is asked of the server in parts, a few at a time.
import type { Batch } from "./window.ts";

const AT_ONCE = 4;

/** The server carried out a change for some messages only; the others are unchanged. */
export class PartlyDone extends Error {
  readonly count: number;
  /** The changes that undo it. */
  readonly back: Batch[];
  constructor(count: number, back: Batch[]) {
    super("some messages were not changed");
    this.count = count;
    this.back = back;
  }
}

export function chunks<T>(all: T[], size: number): T[][] {
  const count = Math.ceil(all.length / size);
  return Array.from({ length: count }, (_, i) => all.slice(i * size, (i + 1) * size));
}

/** Runs a few at a time: over HTTP/1.1 a browser has six connections, and the stream uses one. */
export async function inParallel<T>(all: T[], work: (one: T) => Promise<void>): Promise<void> {
  const queue = [...all];
  const lane = async () => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) await work(one);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}
