// What has the focus may go with what is done: then the focus goes on.
import { tick } from "svelte";

/** Once the page is up to date: if nothing has the focus any more, gives it to the first of these IDs that is there. */
export async function handOn(...ids: string[]): Promise<void> {
  await tick();
  const { activeElement, body } = document;
  if (activeElement !== null && activeElement !== body) return;
  const there = ids.map((id) => document.getElementById(id)).find((one) => one !== null);
  there?.focus();
}
