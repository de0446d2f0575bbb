import { expect, test } from "vitest";
import { href, parse, type Route } from "../src/lib/router.ts";

const routes: [string, Route][] = [
  ["/mail/inbox", { view: "mail", mailbox: "inbox", reference: null }],
  ["/mail/mb-7/G7K2-M4QX", { view: "mail", mailbox: "mb-7", reference: "G7K2-M4QX" }],
  ["/mail/a%2Fb%20c", { view: "mail", mailbox: "a/b c", reference: null }],
  ["/search/a%20b%2Fc", { view: "mail", mailbox: "search", reference: null, query: "a b/c" }],
  ["/search/x/G7K2", { view: "mail", mailbox: "search", reference: "G7K2", query: "x" }],
  ["/sessions", { view: "sessions" }],
  ["/settings", { view: "settings" }],
  ["/about", { view: "about" }],
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
  "/search",
  "/mail/a/b/c",
  "/mail/%E0%A4%A",
  "/pickup",
  "/pickup/a/b",
  "/verify/a/b",
])("%s is a page that does not exist", (path) => {
  expect(parse(path)).toEqual({ view: "missing" });
});
