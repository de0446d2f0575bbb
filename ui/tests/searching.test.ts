import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as api from "../src/api/mail.ts";
import { searches } from "../src/lib/searches.ts";
import { go, route, routerStart } from "../src/state/route.svelte.ts";
import { searching } from "../src/state/searching.svelte.ts";
import { listen, type TabMessage } from "../src/state/tabs.ts";

vi.mock("../src/api/mail.ts");

const shown = () => {
  const at = route();
  return at.view === "mail" ? { query: at.query, lost: at.lost } : null;
};
const find = (query: string) => go({ view: "mail", mailbox: "search", reference: null, query });

let stop: () => void;
let stopRouter: () => void;
/** Another tab of the same session. */
let other: BroadcastChannel;

beforeEach(() => {
  stop = searching.start();
  stopRouter = routerStart();
  other = new BroadcastChannel("postern");
});

afterEach(() => {
  stop();
  stopRouter();
  other.close();
});

const says = () =>
  new Promise<TabMessage>((resolve) => (other.onmessage = (said) => resolve(said.data)));

test("neither the address nor what the history keeps has a word of a search", () => {
  find("heron");
  expect(shown()).toEqual({ query: "heron" });
  expect(location.href).not.toContain("heron");
  expect(JSON.stringify(history.state)).toBe("null");
  expect(document.title).not.toContain("heron");
});

test("Back and Forward lead to the searches that they left", () => {
  find("heron");
  const first = location.pathname;
  find("egret");
  const second = location.pathname;
  const moved = (path: string) => {
    history.replaceState(null, "", path);
    dispatchEvent(new PopStateEvent("popstate"));
    return shown();
  };
  expect(moved(first)).toEqual({ query: "heron" });
  expect(moved(second)).toEqual({ query: "egret" });
});

test("after sign-out nobody learns what was looked for, by going back either", () => {
  find("heron");
  const lost = location.pathname.split("/").at(-1);
  stop();
  expect(shown()).toEqual({ query: "", lost });
});

test("a new tab learns from another what its number stands for", async () => {
  history.replaceState(null, "", "/search/17");
  dispatchEvent(new PopStateEvent("popstate"));
  expect(shown()).toEqual({ query: "", lost: "17" });
  const asked = says();
  const found = searching.find("17");
  expect(searching.waits).toBe(true);
  expect(await asked).toEqual({ type: "search-ask", id: "", number: "17" });
  other.postMessage({ type: "search-here", id: "", number: "17", words: "heron" });
  await vi.waitFor(() => expect(shown()).toEqual({ query: "heron" }));
  await found;
  expect(searching.waits).toBe(false);
});

test("another session's words are neither told nor taken", async () => {
  searches.learn("17", "heron");
  history.replaceState(null, "", "/search/18");
  dispatchEvent(new PopStateEvent("popstate"));
  const heard: TabMessage[] = [];
  const deaf = listen((message) => heard.push(message));
  other.postMessage({ type: "search-ask", id: "another", number: "17" });
  other.postMessage({ type: "search-here", id: "another", number: "18", words: "egret" });
  await vi.waitFor(() => expect(heard).toHaveLength(2));
  const answered = says();
  expect(shown()).toEqual({ query: "", lost: "18" });
  other.postMessage({ type: "search-ask", id: "", number: "17" });
  expect(await answered).toEqual({ type: "search-here", id: "", number: "17", words: "heron" });
  deaf();
});

test("a label's search is there after the page was loaded again", async () => {
  vi.mocked(api.labelList).mockResolvedValue({ items: [{ id: 3, name: "Birds", colour: 1 }] });
  history.replaceState(null, "", "/search/label-3");
  dispatchEvent(new PopStateEvent("popstate"));
  await searching.find("label-3");
  expect(shown()).toEqual({ query: 'label:"Birds"' });
});
