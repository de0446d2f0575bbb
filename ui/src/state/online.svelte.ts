// What is done when the server can be reached again.
import { untrack } from "svelte";
import { session } from "./session.svelte.ts";

/**
 * Calls `then` each time the server is reachable again. To be called while a component is set up; it
 * ends with the component.
 */
export function whenBack(then: () => void): void {
  let wasOffline = false;
  $effect(() => {
    if (session.online && wasOffline) untrack(then);
    wasOffline = !session.online;
  });
}
