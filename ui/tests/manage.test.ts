// The administrators' pages, rendered here with simulated answers.
import { mount, tick, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi, type MockInstance } from "vitest";
import * as api from "../src/api/manage.ts";
import type { Account } from "../src/api/types.ts";
import en from "../src/i18n/en.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";
import { mentions } from "../src/lib/catalogue.ts";
import { session } from "../src/state/session.svelte.ts";
import Users from "../src/views/manage/Users.svelte";
import { quotaLike } from "./fixtures.ts";

let page: Record<string, unknown> | null = null;
let users: MockInstance<typeof api.users>;

const userLike = (name: string, given: Partial<api.User> = {}): api.User => ({
  ...{ name, displayName: "", addresses: [`${name}@example.org`], disabled: false, manager: false },
  ...{ acceptFrom: "both", createdAt: "2026-11-01T10:00:00Z", quota: quotaLike() },
  ...{
    lastInteractionAt: null,
    ownQuota: { octetsMax: null, messagesMax: null },
    totpStopped: false,
  },
  ...given,
});
const dave = userLike("dave", {
  displayName: "Dave Diaz",
  lastInteractionAt: "2026-11-23T10:00:00Z",
});
let all: api.User[] = [];

/** Pages of two, as the server answers. */
async function answer({ find, from }: api.UsersQuery) {
  const found = all.filter(({ name }) => name.includes(find));
  const items = found.slice(from, from + 2);
  return Promise.resolve({ items, found: found.length, total: all.length, perPage: 2 });
}

const dana: Account = {
  ...{ id: "a1", name: "dana", address: "dana@example.org", displayName: "Dana" },
  ...{
    kind: "internal",
    manager: true,
    mustChoosePassword: false,
    calendar: true,
    temporary: null,
  },
};

beforeEach(async () => {
  await languageUse("en");
  all = [userLike("carla"), dave, userLike("eve", { disabled: true })];
  session.account = dana;
  users = vi.spyOn(api, "users").mockImplementation(answer);
  page = mount(Users, { target: document.body });
  await vi.waitFor(() => expect(find("user-new")).not.toBeNull());
});
afterEach(async () => {
  if (page !== null) await unmount(page);
  page = null;
  session.account = null;
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

const find = (id: string) => document.querySelector<HTMLInputElement>(`[data-testid="${id}"]`);

async function type(id: string, value: string) {
  const input = find(id) as HTMLInputElement;
  input.value = value;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  await tick();
}

async function press(id: string, within: ParentNode = document) {
  within.querySelector<HTMLElement>(`[data-testid="${id}"]`)?.click();
  await tick();
  await new Promise((settled) => setTimeout(settled));
}

const rowOf = (name: string) => document.querySelector(`[data-name="${name}"]`) as HTMLElement;
const names = () =>
  [...document.querySelectorAll<HTMLElement>("[data-testid=user]")].map((row) => row.dataset.name);

async function submit() {
  find("user-make")
    ?.closest("form")
    ?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await tick();
}

test("a new user gets the address of the name, unless another one is typed", async () => {
  await press("user-new");
  await type("user-name", "carla");
  expect(find("user-address")?.value).toBe("carla@example.org");
  await type("user-address", "c.diaz@example.org");
  await type("user-name", "carla2");
  expect(find("user-address")?.value).toBe("c.diaz@example.org");
});

test("a user whose address was cleared gets the usual one", async () => {
  await press("user-new");
  const recovered = { recoveryKey: "key", ...({} as api.User) };
  const make = vi.spyOn(api, "userMake").mockResolvedValue(recovered as never);
  await type("user-name", "carla");
  await type("user-password", "four quiet herons");
  await type("user-address", "");
  expect(find("user-address")?.value).toBe("");
  find("user-address")?.dispatchEvent(new Event("change", { bubbles: true }));
  await tick();
  expect(find("user-address")?.value).toBe("carla@example.org");
  await type("user-address", " ");
  await submit();
  const addresses = ["carla@example.org"];
  expect(make).toHaveBeenCalledWith(expect.objectContaining({ addresses }));
});

test("what is missing is said by the page, and nothing is sent", async () => {
  await press("user-new");
  const make = vi.spyOn(api, "userMake");
  await type("user-name", "carla");
  await submit();
  expect(find("user-problem")?.textContent).toBe(en.manage.users.incomplete);
  expect(make).not.toHaveBeenCalled();
});

test("a row says what state an account is in, and a page is turned on the server", async () => {
  expect(names()).toEqual(["carla", "dave"]);
  expect(rowOf("carla").textContent).toContain(en.manage.users.neverHere);
  expect(rowOf("dave").textContent).toContain(en.manage.users.enabled);
  expect(find("users-count")?.textContent?.trim()).toBe("3 users");
  expect(find("users-range")?.textContent).toBe("1–2 of 3");
  expect(find("users-previous")?.disabled).toBe(true);
  await press("users-next");
  expect(names()).toEqual(["eve"]);
  expect(rowOf("eve").textContent).toContain(en.manage.users.disabled);
  expect(find("users-range")?.textContent).toBe("3–3 of 3");
  expect(find("users-next")?.disabled).toBe(true);
});

test("the server searches and sorts, from the first page on", async () => {
  await press("users-next");
  await type("users-find", "e");
  find("users-find")?.closest("form")?.requestSubmit();
  await vi.waitFor(() => expect(names()).toEqual(["dave", "eve"]));
  expect(find("users-count")?.textContent?.trim()).toBe("2 of 3 users");
  const asked = () => users.mock.lastCall?.[0];
  await press("users-by-active");
  expect(asked()).toEqual({ find: "e", sort: "active", descending: true, from: 0 });
  await press("users-by-active");
  expect(asked()).toMatchObject({ sort: "active", descending: false });
  const header = find("users-by-active")?.closest("th");
  expect(header?.getAttribute("aria-sort")).toBe("ascending");
  await press("users-by-name");
  expect(asked()).toMatchObject({ sort: "name", descending: false });
});

test("the details of a user are opened from the row, and give the focus back", async () => {
  await press("user-open", rowOf("dave"));
  const detail = find("user-detail");
  expect(detail?.textContent).toContain("dave@example.org");
  expect(detail?.contains(document.activeElement)).toBe(true);
  const change = vi.spyOn(api, "userChange").mockResolvedValue(undefined);
  await press("user-manager");
  expect(change).toHaveBeenCalledWith("dave", { manager: true });
  await press("user-close");
  expect(find("user-detail")).toBeNull();
  expect(rowOf("dave").contains(document.activeElement)).toBe(true);
});

test("a part of the settings is found by any word that stands in it", () => {
  expect(mentions(en.keys, "fingerprint")).toBe(true);
  expect(mentions(en.keys, "FINGERPRINT  reader")).toBe(true);
  expect(mentions(en.filters, "fingerprint")).toBe(false);
  expect(mentions(en.filters, "")).toBe(true);
});
