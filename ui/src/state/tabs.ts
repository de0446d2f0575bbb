// The messages between the tabs of this browser. A BroadcastChannel never leaves the origin.
import type { KeyPair } from "../api/dpop.ts";
import type { LiveEvent, Profile } from "../api/types.ts";

export interface Kept {
  id: string;
  token: string;
  profile: Profile;
}

export type TabMessage =
  | { type: "ask" }
  | { type: "here"; session: Kept; key: KeyPair }
  | { type: "signed-out"; id: string }
  | { type: "live"; id: string; event: LiveEvent }
  // What a search's number stands for, within one session.
  | { type: "search-ask"; id: string; number: string }
  | { type: "search-here"; id: string; number: string; words: string };

const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("postern");

export function tell(message: TabMessage): void {
  try {
    channel?.postMessage(message);
  } catch {
    // This browser cannot clone a CryptoKey: the other tab asks for the password.
  }
}

export function listen(hear: (message: TabMessage) => void): () => void {
  const onMessage = (event: MessageEvent<TabMessage>) => hear(event.data);
  channel?.addEventListener("message", onMessage);
  return () => channel?.removeEventListener("message", onMessage);
}
