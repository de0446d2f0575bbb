import { beforeEach, expect, test } from "vitest";
import { href, parse, type Route } from "../src/lib/router.ts";
import { searches } from "../src/lib/searches.ts";

const routes: [string, Route][] = [
  ["/mail/inbox", { view: "mail", mailbox: "inbox", reference: null }],
  ["/mail/mb-7/G7K2-M4QX", { view: "mail", mailbox: "mb-7", reference: "G7K2-M4QX" }],
  ["/mail/a%2Fb%20c", { view: "mail", mailbox: "a/b c", reference: null }],
  ["/search", { view: "mail", mailbox: "search", reference: null, query: "" }],
  ["/search/all", { view: "mail", mailbox: "search", reference: null, query: "in:all" }],
  [
    "/search/starred/G7K2",
    { view: "mail", mailbox: "search", reference: "G7K2", query: "is:starred" },
  ],
  ["/search/17", { view: "mail", mailbox: "search", reference: null, query: "", lost: "17" }],
  [
    "/search/17/G7K2",
    { view: "mail", mailbox: "search", reference: "G7K2", query: "", lost: "17" },
  ],
  ["/contacts", { view: "contacts", id: null }],
  ["/contacts/0a", { view: "contacts", id: "0a" }],
  ["/sessions", { view: "sessions" }],
  ["/settings", { view: "settings" }],
  ["/about", { view: "about" }],
  ["/boards", { view: "boards", id: null, post: null }],
  ["/boards/00ff", { view: "boards", id: "00ff", post: null }],
  ["/boards/00ff/01KAN", { view: "boards", id: "00ff", post: "01KAN" }],
  ["/calendar", { view: "calendar", shape: null, day: null }],
  ["/calendar/week", { view: "calendar", shape: "week", day: null }],
  ["/calendar/day/2026-12-03", { view: "calendar", shape: "day", day: "2026-12-03" }],
  ["/groups", { view: "groups", id: null }],
  ["/groups/00ff", { view: "groups", id: "00ff" }],
  ["/pickup/01J9Z", { view: "pickup", token: "01J9Z" }],
  ["/verify", { view: "verify", reference: null }],
  ["/verify/01KAN-5Q7DC-8E2XV-M9T4H", { view: "verify", reference: "01KAN-5Q7DC-8E2XV-M9T4H" }],
  ["/account", { view: "account" }],
];

test.each(routes)("%s is parsed and formatted the same", (path, route) => {
  expect(parse(path)).toEqual(route);
  expect(href(route)).toBe(path);
});

test.each(["/", "/mail", "/mail/"])("%s is the inbox", (path) => {
  expect(parse(path)).toEqual({ view: "mail", mailbox: "inbox", reference: null });
});

test.each([
  "/nowhere",
  "/settings/x",
  "/search/a/b/c",
  "/mail/a/b/c",
  "/mail/%E0%A4%A",
  "/pickup",
  "/pickup/a/b",
  "/verify/a/b",
  "/calendar/year",
  "/calendar/day/2026-02-30",
  "/calendar/day/2026-12-03/x",
])("%s is a page that does not exist", (path) => {
  expect(parse(path)).toEqual({ view: "missing" });
});

const searchOf = (query: string, reference: string | null = null): Route => ({
  view: "mail",
  mailbox: "search",
  reference,
  query,
});

beforeEach(() => searches.forget());

test("a search has a number for an address, and the words are in no part of it", () => {
  const path = href(searchOf("heron pond"));
  expect(path).toMatch(/^\/search\/\d{6,20}$/);
  expect(href(searchOf("heron pond"))).toBe(path);
  expect(href(searchOf("heron"))).not.toBe(path);
  expect(parse(path)).toEqual(searchOf("heron pond"));
  expect(parse(`${path}/G7K2`)).toEqual(searchOf("heron pond", "G7K2"));
});

test("a number that was given before the page was loaded again stands for nothing else", () => {
  const path = href(searchOf("heron"));
  searches.forget();
  const lost = path.split("/").at(-1);
  expect(parse(path)).toEqual({ ...searchOf(""), lost });
  expect(href(searchOf("egret"))).not.toBe(path);
  expect(parse(path)).toEqual({ ...searchOf(""), lost });
});

test("what another tab tells of a number is found under it", () => {
  searches.learn("17", "heron");
  expect(parse("/search/17")).toEqual(searchOf("heron"));
  expect(href(searchOf("heron"))).toBe("/search/17");
});

test("a search for a label has the label's number, whatever the label is called", () => {
  const label = (name: string) => searches.labelsAre([{ id: 3, query: `label:"${name}"` }]);
  label("Birds");
  expect(href(searchOf('label:"Birds"'))).toBe("/search/label-3");
  label("Herons");
  expect(parse("/search/label-3")).toEqual(searchOf('label:"Herons"'));
  searches.labelsAre([]);
  expect(parse("/search/label-3")).toEqual({ ...searchOf(""), lost: "label-3" });
});
