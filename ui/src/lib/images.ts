/** The images that a frame shows without their content. */
export interface Missing {
  /** Those that could not be fetched. */
  failed: number;
  /**
   * Those beyond the most that are fetched for one message, and those that the message names and does
   * not have. Asking again does not help.
   */
  beyond: number;
}

/** Of a message whose remote images were not asked for: those that it does not have. */
export function imagesGone(page: Document): Missing {
  return { failed: 0, beyond: page.querySelectorAll("img[data-missing]").length };
}

/** Of one whose remote images were asked for. */
export function imagesMissing(page: Document): Missing {
  const fetched = [...page.querySelectorAll<HTMLImageElement>('img[src*="/from/"]')];
  const failed = fetched.filter((image) => image.complete && image.naturalWidth === 0);
  const beyond = page.querySelectorAll("img[data-remote], img[data-missing]");
  return { failed: failed.length, beyond: beyond.length };
}
