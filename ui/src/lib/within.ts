// A bound for what a browser may never answer, such as a file that is on its way or its database.

/** What was waited for has not come in time; it may still come. */
export class TooLate extends Error {}

/** Resolves like `work`, or throws `TooLate` after so long. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TooLate(`nothing came within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
