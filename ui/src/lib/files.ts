// Files of the user's own computer.

/** What sets the direction of text or cannot be seen: `invoice\u202efdp.exe` would end in "pdf". */
const UNSEEN = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Returns a file's name as it can be seen. */
export function plainName(name: string): string {
  return name.replace(UNSEEN, "");
}

/** For files that nothing on this page takes: the browser would show them instead of this page. */
export function fileRefuse(event: DragEvent): void {
  const isFile = event.dataTransfer?.types.includes("Files") ?? false;
  const isField = (event.target as Element | null)?.matches?.("input[type=file]") ?? false;
  if (!isFile || isField || event.defaultPrevented) return;
  event.preventDefault();
  if (event.dataTransfer) event.dataTransfer.dropEffect = "none";
}
