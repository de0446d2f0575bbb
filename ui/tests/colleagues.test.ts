// Colleagues in the recipients' fields: offered by the directory, and known by their login names.
import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import AddressField from "../src/views/compose/AddressField.svelte";
import { Composer } from "../src/views/compose/composer.svelte.ts";
import { correspondents } from "../src/views/compose/correspondents.svelte.ts";
import * as api from "../src/api/sending.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";

const OMAR = { name: "Omar Haddad", address: "omar@example.org" };

beforeEach(async () => {
  await languageUse("en");
  correspondents.forget();
  vi.spyOn(api, "correspondents").mockResolvedValue({ items: [] });
  vi.spyOn(api, "check").mockResolvedValue({ items: [] });
});
afterEach(() => {
  document.body.replaceChildren();
  vi.restoreAllMocks();
});

async function field(composer: Composer) {
  const props = { composer, field: "to", autofocus: true } as const;
  const page = mount(AddressField, { target: document.body, props });
  await vi.waitFor(() => expect(document.querySelector("datalist")).not.toBeNull());
  return page;
}
const offered = () =>
  [...document.querySelectorAll<HTMLOptionElement>("datalist option")].map(({ value }) => value);

test("colleagues are offered after the correspondents, each person once", async () => {
  const known = { name: "Omar", address: "Omar@example.org" };
  const outside = { name: null, address: "tomas@outside.example" };
  vi.mocked(api.correspondents).mockResolvedValue({ items: [known, outside] });
  const items = [OMAR, { name: "Oma", address: "oma@example.org" }].map((one) => ({
    ...one,
    exact: false,
  }));
  const ask = vi.spyOn(api, "directory").mockResolvedValue({ enabled: true, items, more: false });
  const composer = new Composer();
  const page = await field(composer);
  composer.typing.to = "o";
  flushSync();
  composer.typing.to = "om";
  flushSync();
  composer.typing.to = "oma";
  flushSync();
  await vi.waitFor(() =>
    expect(offered()).toEqual(["Omar@example.org", "tomas@outside.example", "oma@example.org"]),
  );
  // Who types on is asked for once.
  expect(ask.mock.calls.map(([q]) => q)).toEqual(["oma"]);
  await unmount(page);
});

test("Enter takes the colleague whose login name is typed, and nobody found for something else", async () => {
  const others = { name: "Omara", address: "omara@example.org", exact: false };
  const items = [{ ...OMAR, address: "omar.haddad@example.org", exact: true }, others];
  vi.spyOn(api, "directory").mockResolvedValue({ enabled: true, items, more: false });
  const composer = new Composer();
  const page = await field(composer);
  const enter = () => {
    const input = document.querySelector("[data-testid=composer-to]");
    input?.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
    flushSync();
  };
  composer.typing.to = "omar";
  flushSync();
  await vi.waitFor(() => expect(offered()).toHaveLength(2));
  composer.typing.to = "nobody@x.example";
  flushSync();
  expect(offered()).toEqual([]);
  enter();
  composer.typing.to = "omar";
  flushSync();
  await vi.waitFor(() => expect(offered()).toHaveLength(2));
  enter();
  expect(composer.to.map(({ address }) => address)).toEqual([
    "nobody@x.example",
    "omar.haddad@example.org",
  ]);
  await unmount(page);
});

test("without a directory, the correspondents are offered", async () => {
  vi.mocked(api.correspondents).mockResolvedValue({ items: [OMAR] });
  vi.spyOn(api, "directory").mockResolvedValue({ enabled: false, items: [], more: false });
  const composer = new Composer();
  const page = await field(composer);
  composer.typing.to = "had";
  flushSync();
  await vi.waitFor(() => expect(offered()).toEqual([OMAR.address]));
  await unmount(page);
});

test("a login name becomes the address of its owner, once", async () => {
  const checked = (address: string, resolved: string | null): api.Check => ({
    ...{ address, resolved, route: "inside", allowed: [], reason: null },
    source: { fixed: false, level: "inside" },
  });
  // "haddad" is the login name of Omar, and nobody has the address that it is completed to.
  const none: api.Check = { ...checked("haddad@example.org", null), reason: "unknown-recipient" };
  vi.mocked(api.check).mockImplementation(async (asked) => ({
    items: [none, checked("haddad", OMAR.address), checked(OMAR.address, null)].filter((one) =>
      asked.includes(one.address),
    ),
  }));
  const composer = new Composer();
  composer.add("to", "haddad", "example.org");
  await vi.waitFor(() => expect(composer.to).toEqual([{ name: null, address: OMAR.address }]));
  expect(composer.checks[OMAR.address]?.reason).toBeNull();
  composer.add("cc", "haddad", "example.org");
  await vi.waitFor(() => expect(composer.cc).toEqual([]));
  expect(composer.to).toHaveLength(1);
});

test("an address that is typed in full is nobody's login name", async () => {
  const address = "haddad@example.org";
  const asked = vi.mocked(api.check);
  const composer = new Composer();
  composer.add("to", "haddad", "example.org");
  expect(asked.mock.lastCall?.[0]).toEqual([address, "haddad"]);
  composer.remove("to", address);
  composer.add("to", address, "example.org");
  expect(asked.mock.lastCall?.[0]).toEqual([address]);
  composer.add("cc", "omar", "example.org");
  composer.add("bcc", "omar@example.org", "example.org");
  composer.add("bcc", "tomas@outside.example", "example.org");
  expect(asked.mock.lastCall?.[0]).not.toContain("omar");
});
