// Not a SvelteDate: its readings belong to the part of the page that asked first, and stand
// still for all others once that part is gone.
let at = $state.raw(new Date());
const TICK_MS = 30_000;

/** Now, and again each half minute, so that "5 min ago" stays true. */
export function now(): Date {
  return at;
}

export function clockStart(): () => void {
  const handle = setInterval(() => (at = new Date()), TICK_MS);
  return () => clearInterval(handle);
}
