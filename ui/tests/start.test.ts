// What watches over the first load: a file that fails or never comes is no reason for a blank page.
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as api from "../src/api/mail.ts";
import { ApiError, Unreachable } from "../src/api/client.ts";
import { keyRead } from "../src/api/keystore.ts";
import ar from "../src/i18n/ar.ts";
import de from "../src/i18n/de.ts";
import en from "../src/i18n/en.ts";
import es from "../src/i18n/es.ts";
import fr from "../src/i18n/fr.ts";
import he from "../src/i18n/he.ts";
import { LANGUAGES, direction, type Language } from "../src/i18n/index.svelte.ts";
import { TooLate, within } from "../src/lib/within.ts";
import { session } from "../src/state/session.svelte.ts";

const page = readFileSync("index.html", "utf8");
const script = readFileSync("public/start.js", "utf8");
const body = /<body>([\s\S]*)<\/body>/.exec(page)?.[1] ?? "";

let type = "navigate";
let came = 0;
/** Files that failed before anybody listened. */
let lost: { name: string; initiatorType: string; responseStatus: number }[] = [];
const late = () => document.getElementById("late");
/** The parts of the sentence that are shown. */
const said = () =>
  late()?.dataset["said"] === undefined
    ? []
    : [...document.querySelectorAll<HTMLElement>("#late section")].filter((one) => !one.hidden);
const reload = vi.fn();

function begin(languages: string[] = ["en"]) {
  vi.spyOn(navigator, "languages", "get").mockReturnValue(languages);
  document.body.innerHTML = body;
  new Function(script)();
}

/** A file of the page cannot be had. */
function fails() {
  const file = document.head.appendChild(document.createElement("script"));
  file.dispatchEvent(new Event("error"));
}

beforeEach(() => {
  vi.useFakeTimers();
  [type, came, lost] = ["navigate", 0, []];
  vi.spyOn(location, "reload").mockImplementation(reload);
  vi.spyOn(performance, "getEntriesByType").mockImplementation((kind) => {
    const one = (at: number) => ({ name: String(at), type }) as unknown as PerformanceEntry;
    const all = Array.from({ length: kind === "navigation" ? 1 : came }, (_, at) => one(at));
    return [...all, ...(kind === "resource" ? (lost as unknown as PerformanceEntry[]) : [])];
  });
  vi.stubGlobal("fetch", vi.fn().mockResolvedValue(new Response(null)));
  localStorage.clear();
});
afterEach(async () => {
  late()?.remove();
  // The script ends once the page has started.
  await vi.advanceTimersByTimeAsync(1_000);
  reload.mockReset();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test("the document has the sentence in every language", () => {
  begin();
  const words = { en, he, ar, de, es, fr };
  const parts = [...document.querySelectorAll<HTMLElement>("#late section")];
  expect(parts.map((part) => part.lang).sort()).toEqual(Object.keys(LANGUAGES).sort());
  for (const part of parts) {
    const language = part.lang as Language;
    expect(part.dir).toBe(direction(language));
    expect(part.querySelector("a")?.textContent).toBe(words[language].common.retry);
    expect(part.querySelector("h1")?.textContent.length).toBeGreaterThan(20);
  }
});

test("when a file of the page fails, the page is loaded once more", async () => {
  begin();
  fails();
  fails();
  await vi.advanceTimersByTimeAsync(100);
  expect(reload).toHaveBeenCalledTimes(1);
  expect(said()).toEqual([]);
});

test("a file that failed before the script was there is known as well", async () => {
  const name = `${location.origin}/assets/index-x.js`;
  lost = [{ name, initiatorType: "script", responseStatus: 200 }];
  begin();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(reload).not.toHaveBeenCalled();
  lost = [{ name, initiatorType: "script", responseStatus: 0 }];
  await vi.advanceTimersByTimeAsync(2_000);
  expect(reload).toHaveBeenCalledTimes(1);
});

test("when it fails again, the reader is told, with a way to try again", async () => {
  type = "reload";
  begin(["sv", "iw-IL", "fr"]);
  fails();
  await vi.advanceTimersByTimeAsync(100);
  expect(reload).not.toHaveBeenCalled();
  const [part, ...others] = said();
  expect(others).toEqual([]);
  expect([part?.lang, document.documentElement.lang]).toEqual(["he", "he"]);
  expect(document.documentElement.dir).toBe("rtl");
  // This very address, also without a script.
  expect(part?.querySelector("a")?.getAttribute("href")).toBe("");
});

test("the language that was chosen here has precedence", async () => {
  localStorage.setItem("postern.prefs", '{"language":"de"}');
  type = "reload";
  begin(["fr"]);
  fails();
  await vi.advanceTimersByTimeAsync(100);
  expect(said().map((part) => part.lang)).toEqual(["de"]);
});

test("a file that never comes is not waited for, and one that is slow is", async () => {
  begin();
  for (came = 1; came < 20; came += 1) await vi.advanceTimersByTimeAsync(10_000);
  expect(reload).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(17_000);
  expect(reload).toHaveBeenCalledTimes(1);
});

test("where there is no server, the page does not leave for an error of the browser", async () => {
  vi.mocked(fetch).mockRejectedValue(new TypeError("network"));
  begin(["es"]);
  fails();
  await vi.advanceTimersByTimeAsync(100);
  expect(reload).not.toHaveBeenCalled();
  expect(said().map((part) => part.lang)).toEqual(["es"]);
});

test("a rejected module is a failure, and an error of an extension is none", async () => {
  begin();
  dispatchEvent(Object.assign(new Event("error"), { filename: "moz-extension://x/y.js" }));
  await vi.advanceTimersByTimeAsync(100);
  expect(fetch).not.toHaveBeenCalled();
  dispatchEvent(new Event("unhandledrejection"));
  await vi.advanceTimersByTimeAsync(100);
  expect(reload).toHaveBeenCalledTimes(1);
});

test("once the page has started, nothing is watched any more", async () => {
  begin();
  late()?.remove();
  fails();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(fetch).not.toHaveBeenCalled();
  expect(reload).not.toHaveBeenCalled();
});

test("a database that never answers is like one that is not there", async () => {
  // As while it is deleted: no event of the request ever comes.
  vi.stubGlobal("indexedDB", { open: () => ({}) });
  const read = keyRead("session");
  await vi.advanceTimersByTimeAsync(6_000);
  expect(await read).toBeNull();
});

test("what is waited for has a bound", async () => {
  const never = within(1_000, new Promise(() => undefined)).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(1_100);
  expect(await never).toBeInstanceOf(TooLate);
  expect(await within(1_000, Promise.resolve(7))).toBe(7);
});

test("a session that cannot be asked for is not given up", async () => {
  sessionStorage.setItem(
    "postern.session",
    JSON.stringify({ id: "s", token: "tok", profile: "browser" }),
  );
  const key = { privateKey: {}, jwk: {} };
  const open = () => {
    const request = { result: {}, onsuccess: () => undefined };
    const get = () => {
      const got = { result: key, onsuccess: () => undefined };
      queueMicrotask(() => got.onsuccess());
      return got;
    };
    const transaction = () => ({ objectStore: () => ({ get }) });
    request.result = { transaction, close: () => undefined };
    queueMicrotask(() => request.onsuccess());
    return request;
  };
  vi.stubGlobal("indexedDB", { open });
  const asked = vi.spyOn(api, "sessionRead").mockRejectedValue(new Unreachable("away"));
  session.status = "starting";
  await session.start();
  expect(session.status).toBe("unreached");
  // Twice, each with a bound.
  expect(asked).toHaveBeenCalledTimes(2);
  expect(asked.mock.calls[0]?.[1]).toBeLessThanOrEqual(10_000);
  expect(sessionStorage.getItem("postern.session")).not.toBeNull();
  // A server that is busy with others says nothing about this session.
  for (const status of [429, 400, 503]) {
    asked.mockRejectedValue(
      new ApiError({ type: "about:blank", title: "", status, code: "slow-down" }, null),
    );
    await session.again();
    expect(session.status).toBe("unreached");
    expect(sessionStorage.getItem("postern.session")).not.toBeNull();
  }
  const account = { id: "a", name: "dana", address: "dana@example.org", kind: "internal" };
  const info = { session: { id: "s", lastUsedAt: "", expiresAt: "" }, account, lastSignIn: null };
  asked.mockResolvedValue(info as unknown as Awaited<ReturnType<typeof api.sessionRead>>);
  await session.again();
  expect(session.status).toBe("in");
  session.ended();
});
