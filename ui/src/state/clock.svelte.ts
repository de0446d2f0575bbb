// Not a SvelteDate: its derived values belong to the component that read them first, and stop
// updating for all others once that component is gone.
let at = $state.raw(new Date());
const TICK_MS = 30_000;

/** Returns the current time, updated every half minute, so that "5 min ago" stays true. */
export function now(): Date {
  return at;
}

export function clockStart(): () => void {
  const handle = setInterval(() => (at = new Date()), TICK_MS);
  return () => clearInterval(handle);
}
