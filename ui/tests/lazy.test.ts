// A view whose chunk does not come: it says so where it would stand, or in a notice.
import { mount, tick, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import Lazy from "../src/components/Lazy.svelte";
import Icon from "../src/components/Icon.svelte";
import en from "../src/i18n/en.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";
import { toasts } from "../src/state/toasts.svelte.ts";

const gone = () => Promise.reject(new TypeError("this chunk is gone"));
type Load = () => Promise<{ default: typeof Icon }>;

beforeEach(() => languageUse("en"));
afterEach(() => toasts.clear());

test("a page that does not come is not blank, and can be asked for again", async () => {
  const load = vi.fn<Load>(gone);
  const page = mount(Lazy, { target: document.body, props: { load: load as never } });
  await vi.waitFor(() => expect(document.body.textContent).toContain(en.fail.unreachable));
  document.querySelector("button")?.click();
  await tick();
  expect(load).toHaveBeenCalledTimes(2);
  expect(toasts.shown).toBeNull();
  await unmount(page);
});

test("a dialog that does not come says so and is closed, so that it can be opened again", async () => {
  const onclose = vi.fn();
  const props = { load: gone as never, onclose };
  const page = mount(Lazy, { target: document.body, props });
  await vi.waitFor(() => expect(onclose).toHaveBeenCalledTimes(1));
  expect([toasts.shown?.kind, toasts.shown?.text]).toEqual(["error", en.fail.unreachable]);
  expect(document.body.textContent).not.toContain(en.fail.unreachable);
  await unmount(page);
});

test("what stays open above the page is asked for again from its notice", async () => {
  const load = vi.fn<Load>(gone);
  const props = { load: load as never, above: true };
  const page = mount(Lazy, { target: document.body, props });
  await vi.waitFor(() => expect(toasts.shown?.text).toBe(en.fail.unreachable));
  toasts.shown?.retry?.();
  await vi.waitFor(() => expect(load).toHaveBeenCalledTimes(2));
  await unmount(page);
});

test("nothing is said of a dialog that was left meanwhile", async () => {
  let fail: (reason: Error) => void = () => undefined;
  const load = () => new Promise<never>((_, reject) => (fail = reject));
  const onclose = vi.fn();
  const page = mount(Lazy, { target: document.body, props: { load, onclose } });
  await tick();
  await unmount(page);
  fail(new TypeError("too late"));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(onclose).not.toHaveBeenCalled();
  expect(toasts.shown).toBeNull();
});
