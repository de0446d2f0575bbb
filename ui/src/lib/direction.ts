/**
 * The direction of a field for text in any language: that of what is typed. An empty one has that of
 * the page; by itself it would be left to right, with its placeholder and caret at the wrong end.
 */
export function fieldDir(value: string): "auto" | undefined {
  return value === "" ? undefined : "auto";
}
