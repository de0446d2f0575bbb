import { expect, test } from "vitest";
import { momentText } from "../src/lib/format.ts";
import { wayOut } from "../src/lib/unsubscribe.ts";

test("a page is preferred, then a message to one address", () => {
  const page = { kind: "page", host: "a.example", address: "https://a.example/out?a=1" };
  expect(wayOut(["mailto:out@a.example", "https://a.example/out?a=1"])).toEqual(page);
  expect(wayOut(["mailto:out%2B1@a.example?subject=stop+it&body=x%0Ay"])).toEqual({
    kind: "message",
    address: "out+1@a.example",
    subject: "stop+it",
    text: "x\ny",
  });
  for (const other of [
    "mailto:",
    "mailto:a@b.example,c@d.example",
    "mailto:%",
    "javascript:alert(1)",
  ])
    expect(wayOut([other])).toBeNull();
});

test("a meeting's time stands as its author wrote it, unless it is in UTC", () => {
  const at = { date: "2026-12-01", time: "09:30", zone: "Europe/Berlin" };
  expect(momentText(at, "en-GB")).toBe("Tue, 1 Dec 2026, 09:30 (Europe/Berlin)");
  expect(momentText({ date: "2026-12-01" }, "en-GB")).toBe("Tue, 1 Dec 2026");
  expect(momentText({ ...at, zone: null }, "en-GB")).toBe("Tue, 1 Dec 2026, 09:30");
  expect(momentText({ ...at, zone: "UTC" }, "en-GB")).toMatch(/2026, \d\d:30$/);
});
