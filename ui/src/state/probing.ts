// The page may have no other request to make just now, so while the server is unreachable it keeps
// probing.

const PROBE_MS = 4_000;

/** Probes until the returned function is called, and at once when the browser is online again. */
export function probing(probe: () => void): () => void {
  const handle = setInterval(probe, PROBE_MS);
  addEventListener("online", probe);
  return () => {
    clearInterval(handle);
    removeEventListener("online", probe);
  };
}
