/** The remote images that a frame shows without their content. */
export interface Missing {
  /** Those that could not be fetched. */
  failed: number;
  /** Those beyond the most that are fetched for one message. Asking again does not help. */
  beyond: number;
}

export function imagesMissing(page: Document): Missing {
  const fetched = [...page.querySelectorAll<HTMLImageElement>('img[src*="/from/"]')];
  const failed = fetched.filter((image) => image.complete && image.naturalWidth === 0);
  return { failed: failed.length, beyond: page.querySelectorAll("img[data-remote]").length };
}
