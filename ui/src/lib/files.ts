// Files of the user's own computer.

/** What sets the direction of text or cannot be seen: `invoice\u202efdp.exe` would end in "pdf". */
const UNSEEN = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Returns a file's name as it can be seen. */
export function plainName(name: string): string {
  return name.replace(UNSEEN, "");
}

/** Whether files are being dragged, and not to a field that takes them. */
export function filesIn(event: DragEvent): boolean {
  const isFile = event.dataTransfer?.types.includes("Files") ?? false;
  const isField = (event.target as Element | null)?.matches?.("input[type=file]") ?? false;
  return isFile && !isField;
}

/** For files that nothing on this page takes: the browser would show them instead of this page. */
export function fileRefuse(event: DragEvent): void {
  if (!filesIn(event) || event.defaultPrevented) return;
  event.preventDefault();
  if (event.dataTransfer) event.dataTransfer.dropEffect = "none";
}
