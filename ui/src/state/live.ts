// The event stream. One tab holds it under a lock, which the browser gives to another tab when this
// one closes; the other tabs receive the events over the channel.
import { ApiError, stream } from "../api/client.ts";
import { EventParser } from "../api/sse.ts";
import type { LiveEvent } from "../api/types.ts";
import { background } from "../lib/background.ts";
import { listen, tell } from "./tabs.ts";

const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 30_000;
/** The daemon sends a comment every 20 s; a longer silence means a dead connection. */
const SILENCE_MAX_MS = 50_000;

interface Hooks {
  event(event: LiveEvent): void;
  /** The stream was opened, perhaps again: events may have been missed before. */
  opened(): void;
}

/** Listens until the returned function is called. */
export function liveStart(session: string, hooks: Hooks): () => void {
  const stop = new AbortController();
  const unlisten = listen((message) => {
    if (message.type === "live" && message.id === session) hooks.event(message.event);
  });
  const lead = () => follow(session, hooks, stop.signal);
  if ("locks" in navigator) {
    // If cookies are blocked, locks are too, and each tab opens its own stream. Stopping makes a
    // pending lock request fail as well, which is no error: another tab held the stream.
    const led = navigator.locks
      .request(`postern-live-${session}`, { signal: stop.signal }, lead)
      .catch((error: Error) => {
        if (error.name === "SecurityError") return lead();
        throw error;
      });
    void background("following the event stream", led);
  } else {
    void lead();
  }
  return () => {
    stop.abort();
    unlisten();
  };
}

/** Returns the delay before try `n`: doubling, with jitter so that the tabs are not in step. */
export function backoff(tries: number, random: number): number {
  const base = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** tries);
  return base / 2 + (base / 2) * random;
}

async function follow(session: string, hooks: Hooks, signal: AbortSignal): Promise<void> {
  let lastId: string | null = null;
  let tries = 0;
  while (!signal.aborted) {
    try {
      for await (const { data, id } of read(lastId, signal, () => {
        tries = 0;
        hooks.opened();
        // Other tabs may have missed something in their rooms as well.
        tell({ type: "live", id: session, event: { kind: "chat", state: "" } });
      })) {
        lastId = id ?? lastId;
        const event = JSON.parse(data) as LiveEvent;
        tell({ type: "live", id: session, event });
        hooks.event(event);
      }
    } catch (error) {
      // Signed out: the next sign-in starts its own stream.
      if (error instanceof ApiError && error.status === 401) return;
    }
    await pause(backoff(tries, Math.random()), signal);
    tries += 1;
  }
}

async function* read(lastId: string | null, signal: AbortSignal, opened: () => void) {
  const quiet = new AbortController();
  const headers: Record<string, string> = lastId === null ? {} : { "Last-Event-ID": lastId };
  const body = await stream("/api/events", {
    headers,
    signal: AbortSignal.any([signal, quiet.signal]),
  });
  opened();
  const parser = new EventParser();
  const reader = body.getReader();
  let watchdog = setTimeout(() => quiet.abort(), SILENCE_MAX_MS);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(watchdog);
      watchdog = setTimeout(() => quiet.abort(), SILENCE_MAX_MS);
      yield* parser.push(value);
    }
  } finally {
    clearTimeout(watchdog);
    await background("closing the event stream", reader.cancel());
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(handle);
      removeEventListener("online", wake);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    const handle = setTimeout(wake, ms);
    addEventListener("online", wake);
    signal.addEventListener("abort", wake);
  });
}
