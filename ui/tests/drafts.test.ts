// The list of drafts: what was asked for one person, or before a change, is no answer after it.
import { afterEach, expect, test, vi } from "vitest";
import * as api from "../src/api/sending.ts";
import { drafts } from "../src/views/compose/drafts.svelte.ts";

vi.mock("../src/api/sending.ts");
afterEach(() => {
  drafts.reset();
  vi.resetAllMocks();
});

const item = (id: string): api.DraftItem => ({
  id,
  version: 1,
  related: null,
  subject: `Draft ${id}`,
  savedAt: "2026-11-23T10:00:00Z",
  recipients: [{ name: null, address: "omar@test.example" }],
});

/** An answer that comes when it is told to. */
function waiting() {
  let come: (ids: string[]) => void = () => {};
  vi.mocked(api.draftList).mockImplementationOnce(
    () => new Promise((resolve) => (come = (ids) => resolve({ items: ids.map(item) }))),
  );
  drafts.again();
  return async (...ids: string[]) => {
    come(ids);
    await Promise.resolve();
    await Promise.resolve();
  };
}
const shown = () => drafts.shown.map(({ id }) => id);

test("the drafts of one person are not shown to the next", async () => {
  const first = waiting();
  drafts.reset();
  await first("of-dana");
  expect([shown(), drafts.load]).toEqual([[], "idle"]);
  await waiting()("of-omar");
  expect(shown()).toEqual(["of-omar"]);
});

test("a draft that was deleted does not come back with an older answer", async () => {
  await waiting()("a", "b");
  const older = waiting();
  drafts.forget(["a"]);
  await older("a", "b");
  expect(shown()).toEqual(["b"]);
  const [first, second] = [waiting(), waiting()];
  await second("b", "c");
  await first("b");
  expect(shown()).toEqual(["b", "c"]);
});
