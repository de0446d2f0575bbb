/** P-34, D1: the logic of the pages for outside recipients, before anything is sent. */
import { expect, test } from "vitest";
import type { HandOff, PickupState } from "../src/api/pickup.ts";
import {
  asks,
  distanceText,
  isOneTime,
  strength,
  type Asks,
  type Strength,
} from "../src/lib/pickup.ts";
import { referenceTyped } from "../src/lib/reference.ts";

const passphrases: [string, Strength][] = [
  ["", "empty"],
  ["eleven char", "short"],
  ["aaaaaaaaaaaaaaaaaaaa", "easy"],
  ["abcdefghijklmnop", "easy"],
  ["123456789012", "easy"],
  ["abababababababab", "easy"],
  ["dana@example.org1", "easy"],
  ["one-time-xyz more", "easy"],
  ["blue kettle moor", "fair"],
  ["four quiet herons rowing home", "strong"],
  ["שלושה חתולים על הגג", "strong"],
];

test.each(passphrases)("the passphrase %j is %s", (text, level) => {
  expect(strength(text, ["dana@example.org", "one-time-xyz", ""])).toBe(level);
});

const forms: [PickupState, HandOff, Asks, boolean][] = [
  ["waiting", "claim", "oneTime", true],
  ["visited", "claim", "oneTime", true],
  ["claimed", "claim", "own", false],
  ["waiting", "in-mail", "inMail", false],
  ["claimed", "in-mail", "inMail", false],
  ["waiting", "by-sender", "fromSender", true],
  ["visited", "by-sender", "fromSender", true],
  ["claimed", "by-sender", "own", false],
];

test.each(forms)("%s by %s asks for %s", (state, handOff, wanted, once) => {
  expect(asks({ state, handOff })).toBe(wanted);
  expect(isOneTime(wanted)).toBe(once);
});

const now = new Date("2026-11-22T15:00:00Z");
const distances: [string, string, string][] = [
  ["2026-12-04T16:00:00Z", "en", "in 12 days"],
  ["2026-11-24T14:59:00Z", "en", "in 47 hours"],
  ["2026-11-22T15:20:00Z", "en", "in 20 minutes"],
  ["2026-11-22T12:00:00Z", "en", "3 hours ago"],
];

test.each(distances)("%s in %s is %s", (time, language, said) => {
  expect(distanceText(time, now, language)).toBe(said);
});

test("a distance in time is written in Hebrew too, with its dual", () => {
  expect(distanceText("2026-11-24T15:00:00Z", now, "he")).toMatch(/יומיים/);
});

const numbers: [string, string | null][] = [
  ["01KAN-5Q7DC-8E2XV-M9T4H", "01KAN-5Q7DC-8E2XV-M9T4H"],
  [" 01kan 5q7dc 8e2xv m9t4h ", "01KAN-5Q7DC-8E2XV-M9T4H"],
  ["o1kan5q7dc8e2xvm9t4h", "01KAN-5Q7DC-8E2XV-M9T4H"],
  ["Ol KAN–5Q7DC–8E2XV–M9T4H", "01KAN-5Q7DC-8E2XV-M9T4H"],
  ["01KAN-5Q7DC-8E2XV-M9T4U", null],
  ["01KAN-5Q7DC-8E2XV", null],
  ["", null],
];

test.each(numbers)("the reference number typed as %j is %s", (typed, meant) => {
  expect(referenceTyped(typed)).toBe(meant);
});
