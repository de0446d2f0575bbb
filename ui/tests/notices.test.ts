/** P-66: the settings of notices: when they come, and the other address, with simulated answers. */
import { mount, tick, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ApiError } from "../src/api/client.ts";
import * as api from "../src/api/settings.ts";
import en from "../src/i18n/en.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";
import { zoneUse } from "../src/lib/format.ts";
import Notices from "../src/views/settings/Notices.svelte";
import { problemLike } from "./fixtures.ts";

let page: Record<string, unknown> | null = null;

beforeEach(async () => {
  await languageUse("en");
  zoneUse("Asia/Jerusalem");
});
afterEach(async () => {
  if (page !== null) await unmount(page);
  page = null;
  zoneUse(null);
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

const times: api.NoticeTimes = {
  zone: "UTC",
  pace: "at-once",
  dailyMinute: 480,
  quiet: null,
  posts: true,
};

function find<One extends HTMLElement>(id: string): One | null {
  return document.querySelector<One>(`[data-testid="${id}"]`);
}

async function show(now: Partial<api.Notices>): Promise<void> {
  const read: api.Notices = { times, mayMail: true, address: null, ...now };
  vi.spyOn(api, "noticesRead").mockResolvedValue(read);
  vi.spyOn(api, "noticesSet").mockImplementation((body) =>
    Promise.resolve({ ...read, times: body }),
  );
  page = mount(Notices, { target: document.body });
  await vi.waitFor(() => expect(find("notice-pace")).not.toBeNull());
}

async function choose(id: string, value: string): Promise<void> {
  const field = find<HTMLInputElement>(id);
  if (field === null) throw new Error(`${id} is not there`);
  field.value = value;
  field.dispatchEvent(new Event("change", { bubbles: true }));
  await tick();
}

async function press(id: string): Promise<void> {
  find(id)?.click();
  await tick();
}

test("a choice is kept at once, with the zone in which the pages show times", async () => {
  await show({});
  expect(find("notice-daily")).toBeNull();
  await choose("notice-pace", "daily");
  expect(api.noticesSet).toHaveBeenLastCalledWith({
    ...times,
    pace: "daily",
    zone: "Asia/Jerusalem",
  });
  await vi.waitFor(() => expect(find<HTMLInputElement>("notice-daily")?.value).toBe("08:00"));
  expect(find("notice-zone")?.textContent).toContain("Asia/Jerusalem");
  await choose("notice-daily", "17:15");
  expect(vi.mocked(api.noticesSet).mock.lastCall?.[0].dailyMinute).toBe(1_035);
  await press("notice-quiet");
  expect(vi.mocked(api.noticesSet).mock.lastCall?.[0].quiet).toEqual({ from: 1_320, until: 420 });
  await vi.waitFor(() => expect(find("notice-quiet-from")).not.toBeNull());
  const count = vi.mocked(api.noticesSet).mock.calls.length;
  // Hours without an end, and a field that is empty, are no choice.
  await choose("notice-quiet-from", "07:00");
  await choose("notice-quiet-from", "");
  expect(api.noticesSet).toHaveBeenCalledTimes(count);
  await choose("notice-quiet-from", "23:30");
  expect(vi.mocked(api.noticesSet).mock.lastCall?.[0].quiet).toEqual({ from: 1_410, until: 420 });
});

test("another address counts once its code was entered, and can be removed", async () => {
  await show({});
  const at = (state: "unconfirmed" | "confirmed", codeWaits: boolean): api.Notices => ({
    times,
    mayMail: true,
    address: { address: "dana@elsewhere.example", state, codeWaits },
  });
  const ask = vi.spyOn(api, "noticeAddressAsk").mockResolvedValue(at("unconfirmed", true));
  const confirm = vi.spyOn(api, "noticeAddressConfirm");
  const remove = vi
    .spyOn(api, "noticeAddressRemove")
    .mockResolvedValue({ times, mayMail: true, address: null });
  await press("notice-address-set");
  const fill = (id: string, value: string) => {
    const field = find<HTMLInputElement>(id);
    if (field === null) throw new Error(`${id} is not there`);
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const send = (id: string) =>
    find<HTMLFormElement>(id)?.dispatchEvent(new Event("submit", { cancelable: true }));
  fill("notice-address-field", "dana@elsewhere.example");
  fill("notice-address-password", "the password");
  send("notice-address");
  await vi.waitFor(() => expect(find("notice-code-field")).not.toBeNull());
  expect(ask).toHaveBeenCalledWith("dana@elsewhere.example", "the password");
  const state = () => find("notice-address-state");
  expect(state()?.dataset["state"]).toBe("unconfirmed");
  confirm.mockRejectedValueOnce(new ApiError(problemLike(422, "invalid"), null));
  fill("notice-code-field", "00000000");
  send("notice-code");
  await vi.waitFor(() =>
    expect(find("notice-code-problem")?.textContent).toContain(en.noticeTimes.wrongCode),
  );
  confirm.mockResolvedValueOnce(at("confirmed", false));
  fill("notice-code-field", "12345678");
  send("notice-code");
  await vi.waitFor(() => expect(state()?.dataset["state"]).toBe("confirmed"));
  expect(confirm).toHaveBeenLastCalledWith("12345678");
  await press("notice-address-remove");
  await vi.waitFor(() => expect(state()).toBeNull());
  expect(remove).toHaveBeenCalledTimes(1);
});

test("where notices stay inside, no other address is offered", async () => {
  await show({ mayMail: false });
  expect(find("notice-address-set")).toBeNull();
});
