// Gmail's single-letter shortcuts. They never act in a field or behind a dialog, and can be
// switched off (WCAG 2.1.4).
import { onMount } from "svelte";
import { prefs } from "./prefs.svelte.ts";

type Actions = Record<string, () => void>;

const layers: Actions[] = [];
const PREFIX_MS = 1_500;
let prefixAt = -Infinity;

/** Registers keys while a component is mounted; the latest component has precedence. */
export function onKeys(actions: Actions): void {
  onMount(() => {
    layers.push(actions);
    return () => {
      layers.splice(layers.indexOf(actions), 1);
    };
  });
}

/** Returns what each key would do at this moment, for the command palette. */
export function keysNow(): (name: string) => (() => void) | undefined {
  const now = [...layers];
  return (name) => now.findLast((layer) => name in layer)?.[name];
}

export function keysStart(): () => void {
  document.addEventListener("keydown", keyHandle);
  return () => document.removeEventListener("keydown", keyHandle);
}

/** Also called for keys pressed inside a message's frame. */
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

/** Ctrl+K works in fields too, as users expect. */
function isPalette(event: KeyboardEvent): boolean {
  const isIt = (event.ctrlKey || event.metaKey) && !event.altKey && event.key === "k";
  const act = layers.findLast((layer) => "Ctrl+K" in layer)?.["Ctrl+K"];
  if (!isIt || act === undefined || document.querySelector("dialog[open]") !== null) return false;
  // In the message editor it inserts a link.
  if ((event.target as HTMLElement | null)?.closest?.("[contenteditable]")) return false;
  event.preventDefault();
  act();
  return true;
}

/** Returns "j", "Shift+I", "g i", "Escape": the keys of the tables. */
export function keyName(event: Pick<KeyboardEvent, "key" | "shiftKey">, afterG: boolean): string {
  const { key, shiftKey } = event;
  if (key.length === 1 && /\p{Lu}/u.test(key) && shiftKey) return `Shift+${key}`;
  return afterG && key !== "g" ? `g ${key}` : key;
}

/** Enter or Space on an element that it activates does only that. */
function isPress(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  if (event.key !== "Enter" && event.key !== " ") return false;
  return Boolean(target?.closest?.("button, a[href], summary, select, input"));
}

function isTyping(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  if (!target?.matches) return false;
  // The message editor has its own keys.
  if (target.closest("[data-own-keys]") !== null) return true;
  if (target.matches("input:not([type=checkbox], [type=radio]), textarea, select")) return true;
  return target.isContentEditable;
}
