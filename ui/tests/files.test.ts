import { expect, test } from "vitest";
import { fileRefuse, plainName } from "../src/lib/files.ts";

test.each([
  ["plan.pdf", "plan.pdf"],
  ["invoice\u202efdp.exe", "invoicefdp.exe"],
  ["a\u2067b\u0007.txt", "ab.txt"],
  ["חוזה.pdf", "חוזה.pdf"],
])("%j is called %j", (name, expected) => {
  expect(plainName(name)).toBe(expected);
});

function dropped(on: Element, types: string[], taken = false): boolean {
  const event = new Event("drop", { bubbles: true, cancelable: true }) as DragEvent;
  Object.defineProperty(event, "dataTransfer", { value: { types, dropEffect: "copy" } });
  if (taken) on.addEventListener("drop", (at) => at.preventDefault(), { once: true });
  let refused = false;
  const refuse = (at: Event) => {
    const before = at.defaultPrevented;
    fileRefuse(at as DragEvent);
    refused = at.defaultPrevented && !before;
  };
  document.body.addEventListener("drop", refuse, { once: true });
  document.body.append(on);
  on.dispatchEvent(event);
  return refused;
}

test("a file that misses the composer does not replace the page", () => {
  const place = document.createElement("div");
  const field = document.createElement("input");
  field.type = "file";
  expect(dropped(place, ["Files"])).toBe(true);
  expect(dropped(place, ["text/plain"])).toBe(false);
  expect(dropped(place, ["Files"], true)).toBe(false);
  expect(dropped(field, ["Files"])).toBe(false);
});
