// Two edits of a draft at the same time. A separate chunk: it is seldom needed.
import type { Composer } from "./composer.svelte.ts";

/** Resolves a conflict: keeps this version, or takes the other one. */
export async function settle(composer: Composer, mine: boolean): Promise<void> {
  const other = composer.conflict;
  composer.conflict = null;
  if (other === null) return;
  if (!mine) return composer.take(other);
  composer.draft = other;
  composer.changed();
  await composer.saveQuietly();
}
