// The administrators' pages, rendered here with simulated answers.
import { mount, tick, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as api from "../src/api/manage.ts";
import type { Account } from "../src/api/types.ts";
import en from "../src/i18n/en.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";
import { session } from "../src/state/session.svelte.ts";
import Users from "../src/views/manage/Users.svelte";

let page: Record<string, unknown> | null = null;

const dana: Account = {
  ...{ id: "a1", name: "dana", address: "dana@example.org", displayName: "Dana" },
  ...{ kind: "internal", manager: true, mustChoosePassword: false, temporary: null },
};

beforeEach(async () => {
  await languageUse("en");
  session.account = dana;
  vi.spyOn(api, "users").mockResolvedValue({ items: [] });
  page = mount(Users, { target: document.body });
  await vi.waitFor(() => expect(find("user-name")).not.toBeNull());
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

async function submit() {
  find("user-make")
    ?.closest("form")
    ?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await tick();
}

test("a new user gets the address of the name, unless another one is typed", async () => {
  await type("user-name", "carla");
  expect(find("user-address")?.value).toBe("carla@example.org");
  await type("user-address", "c.diaz@example.org");
  await type("user-name", "carla2");
  expect(find("user-address")?.value).toBe("c.diaz@example.org");
});

test("a user whose address was cleared gets the usual one", async () => {
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
  const make = vi.spyOn(api, "userMake");
  await type("user-name", "carla");
  await submit();
  expect(find("user-problem")?.textContent).toBe(en.manage.users.incomplete);
  expect(make).not.toHaveBeenCalled();
});
