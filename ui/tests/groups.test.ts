// A session does what is due for the keys of its groups, and asks once for a sender's groups.
import { beforeEach, expect, test, vi } from "vitest";
import { groupName } from "../src/views/groups/names.ts";
import type { Group } from "../src/api/groups.ts";
import en from "../src/i18n/en.ts";
import { groups } from "../src/state/groups.svelte.ts";

const calls = vi.hoisted(() => ({ groupsTend: vi.fn(), badgesOf: vi.fn() }));
vi.mock("../src/api/groups.ts", () => calls);

const nothing = { begun: 0, wrapped: 0, more: false };

beforeEach(() => {
  vi.resetAllMocks();
  groups.reset();
});

test("keys are wrapped until nobody waits, and pages read again what can be read now", async () => {
  calls.groupsTend
    .mockResolvedValueOnce({ begun: 0, wrapped: 50, more: true })
    .mockResolvedValueOnce({ begun: 0, wrapped: 2, more: false });
  await groups.tend();
  expect(calls.groupsTend).toHaveBeenCalledTimes(2);
  expect(groups.changes).toBe(1);
});

test("nothing is read again when nothing was done", async () => {
  calls.groupsTend.mockResolvedValue(nothing);
  await groups.tend();
  expect(groups.changes).toBe(0);
});

test("who is left waiting for somebody else is not asked about in a circle", async () => {
  calls.groupsTend.mockResolvedValue({ begun: 0, wrapped: 0, more: true });
  await groups.tend();
  expect(calls.groupsTend).toHaveBeenCalledTimes(1);
});

test("a call meanwhile repeats the work once", async () => {
  calls.groupsTend.mockResolvedValue(nothing);
  await Promise.all([groups.tend(), groups.tend(), groups.tend()]);
  expect(calls.groupsTend).toHaveBeenCalledTimes(2);
});

test("a sender's groups are asked for once, and again after a change or a failure", async () => {
  calls.badgesOf.mockResolvedValue({ items: [{ id: "1", name: "Clinic" }] });
  await groups.badges("dana@example.org");
  expect(await groups.badges("Dana@example.org")).toEqual([{ id: "1", name: "Clinic" }]);
  expect(calls.badgesOf).toHaveBeenCalledTimes(1);
  groups.changed();
  await groups.badges("dana@example.org");
  expect(calls.badgesOf).toHaveBeenCalledTimes(2);
  groups.changed();
  calls.badgesOf.mockRejectedValueOnce(new Error("offline"));
  await expect(groups.badges("dana@example.org")).rejects.toThrow("offline");
  await groups.badges("dana@example.org");
  expect(calls.badgesOf).toHaveBeenCalledTimes(4);
});

test("a group whose name cannot be read is called by its address, or says so", () => {
  const group = { name: null, address: null, role: "member", listed: false } as Group;
  expect(groupName({ ...group, name: "Clinic" }, en)).toBe("Clinic");
  expect(groupName({ ...group, address: "a@example.org" }, en)).toBe("a@example.org");
  expect(groupName(group, en)).toBe(en.groups.unnamedYet);
  expect(groupName({ ...group, role: "outside" }, en)).toBe(en.groups.unnamed);
});
