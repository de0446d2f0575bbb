/**
 * Counts the remote images that a frame shows without their content: those that could not be
 * fetched, and those beyond the most that are fetched for one message.
 */
export function imagesMissing(page: Document): number {
  const fetched = [...page.querySelectorAll<HTMLImageElement>('img[src*="/from/"]')];
  const failed = fetched.filter((image) => image.complete && image.naturalWidth === 0);
  return failed.length + page.querySelectorAll("img[data-remote]").length;
}
