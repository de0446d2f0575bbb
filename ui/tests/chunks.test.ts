// A tab that was open during an upgrade: the chunks that it has not loaded yet are gone.
import { mount, unmount } from "svelte";
import { afterEach, expect, test, vi } from "vitest";
import * as api from "../src/api/sending.ts";
import en from "../src/i18n/en.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";
import { Composer } from "../src/views/compose/composer.svelte.ts";
import ComposerPanel from "../src/views/compose/ComposerPanel.svelte";

const missing = vi.hoisted(() => () => {
  throw new Error("this chunk is gone");
});
vi.mock("../src/views/compose/Outcome.svelte", missing);
vi.mock("../src/views/compose/Files.svelte", missing);
vi.mock("../src/views/compose/Questions.svelte", missing);

afterEach(() => vi.restoreAllMocks());

test("a composer that cannot show who gets a message, or its files, says so", async () => {
  await languageUse("en");
  vi.spyOn(api, "correspondents").mockResolvedValue({ items: [] });
  const composer = new Composer();
  const one = { address: "a@x.example", resolved: null, allowed: [], reason: null };
  composer.to = [{ name: null, address: one.address }];
  const source = { fixed: false, level: "inside" } as const;
  composer.checks = { [one.address]: { ...one, route: "plain", source } };
  composer.files = [{ key: 1, name: "x", size: 1, file: null, upload: null, state: "failed" }];
  const page = mount(ComposerPanel, { target: document.body, props: { composer } });
  const said = en.fail.unreachable;
  await vi.waitFor(() => {
    expect(document.querySelector("[data-testid=composer-outcome]")?.textContent).toContain(said);
    expect(document.querySelector("p.problem.said")?.textContent).toBe(said);
  });
  await unmount(page);
});

test("a question that cannot be asked is not left out", async () => {
  await languageUse("en");
  vi.spyOn(api, "correspondents").mockResolvedValue({ items: [] });
  const composer = new Composer();
  composer.to = [{ name: null, address: "a@x.example" }];
  composer.text = "Hello";
  const page = mount(ComposerPanel, { target: document.body, props: { composer } });
  const send = document.querySelector<HTMLButtonElement>("[data-testid=composer-send]");
  send?.click();
  await vi.waitFor(() =>
    expect(document.querySelector("p[role=alert]:not([data-testid])")?.textContent).toBe(
      en.fail.unreachable,
    ),
  );
  await unmount(page);
});
