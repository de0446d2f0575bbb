import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { request } from "../src/api/client.ts";
import { session } from "../src/state/session.svelte.ts";

const MINUTE = 60_000;
const NOW = Date.parse("2026-11-28T10:00:00Z");
const moment = (minutes: number) => new Date(NOW + minutes * MINUTE).toISOString();

/** A session that ends after half an hour without use. */
const signedIn = {
  token: "tok",
  session: { id: "1", lastUsedAt: moment(0), expiresAt: moment(30) },
  account: { id: "a", name: "dana", address: "dana@example.org", kind: "internal" },
  lastSignIn: null,
};
const over = () =>
  Response.json(
    { type: "about:blank", title: "", status: 401, code: "signed-out" },
    { status: 401, headers: { "Content-Type": "application/problem+json" } },
  );

let answers: (() => Response)[] = [];

beforeEach(async () => {
  vi.useFakeTimers({ now: NOW, toFake: ["Date"] });
  vi.stubGlobal("fetch", () => Promise.resolve((answers.shift() ?? over)()));
  await session.start();
  answers = [() => Response.json(signedIn, { status: 201 })];
  await session.signIn("dana", "correct horse", "shared");
});
afterEach(() => {
  session.ended();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function refusedAfter(minutes: number): Promise<void> {
  vi.setSystemTime(NOW + minutes * MINUTE);
  void request("GET", "/api/mailboxes").catch(() => undefined);
  await vi.waitFor(() => expect(session.status).toBe("again"));
}

test("a session that was ended elsewhere shows nothing any more", async () => {
  await refusedAfter(10);
  expect(session.revoked).toBe(true);
});

test("a session that ended by itself leaves the page as it was", async () => {
  await refusedAfter(31);
  expect(session.revoked).toBe(false);
});

test("each request that is carried out keeps the session", async () => {
  vi.setSystemTime(NOW + 25 * MINUTE);
  answers = [() => Response.json({})];
  await request("GET", "/api/mailboxes");
  await refusedAfter(45);
  expect(session.revoked).toBe(true);
});
