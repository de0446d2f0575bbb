// Work that nobody waits for: a refresh, or tidying up. When it fails nothing is lost, since
// something later does it again, so nobody is interrupted. The browser's developer tools tell
// of it, among the messages for debugging, so that support can find out what went wrong.
//
// A failure that takes something away from the reader is not for here: it is shown, with a
// way to try again.

/** Resolves once the work is over, whether or not it succeeded. */
export async function background(what: string, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    console.debug(`In the background, ${what} failed:`, error);
  }
}
