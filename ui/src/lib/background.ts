// Work in the background, such as a refresh. A failure loses nothing, because something later
// repeats the work; so the user is not interrupted. It is logged at the debug level of the
// browser's developer tools, so that support can find out what went wrong.
// A failure that takes something away from the user does not belong here: it must be shown, with a
// way to try again.

/** Resolves once the work has ended, whether or not it succeeded. */
export async function background(what: string, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    console.debug(`In the background, ${what} failed:`, error);
  }
}
