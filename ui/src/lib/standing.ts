// How a sent message stands with its recipients, as the list and the status lines say it.
import type { Listed, Standing } from "../api/types.ts";
import type { Route, State, Step } from "../api/sending.ts";
import type { IconName } from "../components/icons.ts";
import type { Catalogue } from "../i18n/en.ts";

export const stateIcons: Record<State, IconName> = {
  held: "drafts",
  accepted: "check",
  waiting: "sealed",
  delivered: "inbox",
  read: "read",
  rejected: "close",
  expired: "warning",
  refused: "close",
  failed: "warning",
};

/** The states, the one that most needs the sender first: as the server ranks them. */
const STATES: readonly State[] = [
  ...(["failed", "rejected", "refused", "expired", "waiting", "held", "delivered"] as const),
  ...(["read", "accepted"] as const),
];

/** Whether the sender may have to do something: write again, or to somebody else. */
export function isTrouble(state: State): boolean {
  return STATES.indexOf(state) < STATES.indexOf("waiting");
}

/** Whether what takes this way could be read by others. */
export function isUnprotected(route: Route | null): boolean {
  return route === "plain" || route === "ask";
}

/** Of the messages of one row, the standing that most needs the sender. */
export function worst(group: Pick<Listed, "standing">[]): Standing | null {
  const all = group.flatMap(({ standing }) => standing ?? []);
  const rank = (one: Standing) => STATES.indexOf(one.state);
  return all.reduce<Standing | null>(
    (found, one) => (found === null || rank(one) < rank(found) ? one : found),
    null,
  );
}

/** "Read", or "Failed (1 of 3)" where the recipients differ. */
export function standingText({ state, count, recipients }: Standing, words: Catalogue): string {
  const word = words.status.states[state];
  return count < recipients ? words.status.some(word, count, recipients) : word;
}

/** Steps in a row that say the same, as one with the time of the last. */
export function joined(history: Step[]): Step[] {
  return history.reduce<Step[]>((steps, step) => {
    const last = steps[steps.length - 1];
    const isSame = last?.state === step.state && last.note === step.note;
    // What comes after attempts, or before them, is still the same wait.
    const isMore = last?.state === step.state && (last.note === null || step.note === "tried");
    if (last === undefined || !(isSame || isMore)) return [...steps, step];
    const merged = { ...step, detail: step.detail ?? last.detail, tried: last.tried + step.tried };
    return [...steps.slice(0, -1), merged];
  }, []);
}

/** What a step says: its state, what else it says, and how often it was tried. */
export function stepText({ state, note, tried }: Step, words: Catalogue): string {
  const word = words.status.states[state];
  if (note === "tried") return words.status.tried(word, tried);
  return note === null ? word : words.status.stepWith(word, words.status.notes[note]);
}
