// Gmail's single messages. Never in a field, never behind a dialog, and off when
// somebody says so (WCAG 2.1.4).
import { onMount } from "svelte";
import { prefs } from "./prefs.svelte.ts";

type Actions = Record<string, () => void>;

const layers: Actions[] = [];
const PREFIX_MS = 1_500;
let prefixAt = -Infinity;

/** These keys act while the component lives; the latest component is asked first. */
export function onKeys(actions: Actions): void {
  onMount(() => {
    layers.push(actions);
    return () => {
      layers.splice(layers.indexOf(actions), 1);
    };
  });
}

/** What a key would do at this moment, for a list of commands. */
export function keysNow(): (name: string) => (() => void) | undefined {
  const now = [...layers];
  return (name) => now.findLast((layer) => name in layer)?.[name];
}

export function keysStart(): () => void {
  document.addEventListener("keydown", keyHandle);
  return () => document.removeEventListener("keydown", keyHandle);
}

/** Also called with the keys pressed inside a message's frame. */
export function keyHandle(event: KeyboardEvent): void {
  if (isPalette(event)) return;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]") !== null || isTyping(event)) return;
  if (isPress(event)) return;
  const name = keyName(event, performance.now() - prefixAt < PREFIX_MS);
  prefixAt = name === "g" ? performance.now() : -Infinity;
  if (!prefs.keys && event.key.length === 1) return;
  const act = layers.findLast((layer) => name in layer)?.[name];
  if (act === undefined) return;
  event.preventDefault();
  act();
}

/** Ctrl+K works in fields too, as people expect it to. */
function isPalette(event: KeyboardEvent): boolean {
  const isIt = (event.ctrlKey || event.metaKey) && !event.altKey && event.key === "k";
  const act = layers.findLast((layer) => "Ctrl+K" in layer)?.["Ctrl+K"];
  if (!isIt || act === undefined || document.querySelector("dialog[open]") !== null) return false;
  // In a message being written it makes a link.
  if ((event.target as HTMLElement | null)?.closest?.("[contenteditable]")) return false;
  event.preventDefault();
  act();
  return true;
}

/** "j", "Shift+I", "g i", "Escape": what the tables are keyed by. */
export function keyName(event: Pick<KeyboardEvent, "key" | "shiftKey">, afterG: boolean): string {
  const { key, shiftKey } = event;
  if (key.length === 1 && /\p{Lu}/u.test(key) && shiftKey) return `Shift+${key}`;
  return afterG && key !== "g" ? `g ${key}` : key;
}

/** Enter on something that Enter presses is that, and nothing else. */
function isPress(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  if (event.key !== "Enter" && event.key !== " ") return false;
  return Boolean(target?.closest?.("button, a[href], summary, select, input"));
}

function isTyping(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  if (!target?.matches) return false;
  // A message being written has keys of its own.
  if (target.closest("[data-own-keys]") !== null) return true;
  if (target.matches("input:not([type=checkbox], [type=radio]), textarea, select")) return true;
  return target.isContentEditable;
}
