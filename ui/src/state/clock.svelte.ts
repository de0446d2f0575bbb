import { SvelteDate } from "svelte/reactivity";

const clock = new SvelteDate();
const TICK_MS = 30_000;

/** Now, and again each half minute, so that "5 min ago" stays true. */
export function now(): Date {
  return clock;
}

export function clockStart(): () => void {
  const handle = setInterval(() => clock.setTime(Date.now()), TICK_MS);
  return () => clearInterval(handle);
}
