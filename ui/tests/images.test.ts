import { mount, tick, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Unreachable } from "../src/api/client.ts";
import * as api from "../src/api/mail.ts";
import en from "../src/i18n/en.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";
import { imagesGone, imagesMissing } from "../src/lib/images.ts";
import { toasts } from "../src/state/toasts.svelte.ts";
import Frame from "../src/views/mail/Frame.svelte";

beforeEach(() => languageUse("en"));
afterEach(() => {
  toasts.clear();
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

/** An image as the browser has it after the frame has loaded. */
function image(address: string, naturalWidth: number): HTMLImageElement {
  const made = document.createElement("img");
  made.setAttribute("src", address);
  Object.defineProperty(made, "complete", { value: true });
  Object.defineProperty(made, "naturalWidth", { value: naturalWidth });
  return made;
}

test("images that were asked for and are not there are counted", () => {
  const page = document.implementation.createHTMLDocument();
  page.body.append(image("/m/T/from/A", 0), image("/m/T/from/B", 40), image("/m/T/cid/2", 0));
  expect(imagesMissing(page)).toEqual({ failed: 1, beyond: 0 });
  // Beyond the most that are fetched for one message.
  const beyond = page.createElement("img");
  beyond.setAttribute("data-remote", "pictures.example");
  page.body.append(beyond);
  expect(imagesMissing(page)).toEqual({ failed: 1, beyond: 1 });
  // One that the message names and does not have is said to be missing without asking for anything.
  expect(imagesGone(page)).toEqual({ failed: 0, beyond: 0 });
  const gone = page.createElement("img");
  gone.setAttribute("data-missing", "");
  page.body.append(gone);
  expect(imagesGone(page)).toEqual({ failed: 0, beyond: 1 });
  expect(imagesMissing(page)).toEqual({ failed: 1, beyond: 2 });
});

const find = (id: string) => document.querySelector<HTMLElement>(`[data-testid="${id}"]`);

const again = () => find("pictures-missing")?.querySelector("button") ?? null;

/** Shows a frame, and then the document that each of its tickets leads to. */
async function framed() {
  const ticket = vi.spyOn(api, "ticket").mockResolvedValue({ url: "about:blank#1", expiresIn: 60 });
  const page = mount(Frame, { target: document.body, props: { reference: "R" } });
  await vi.waitFor(() => expect(find("frame")?.getAttribute("src")).toBe("about:blank#1"));
  const load = async (...images: HTMLImageElement[]) => {
    const inside = document.implementation.createHTMLDocument();
    inside.body.append(...images);
    Object.defineProperty(find("frame"), "contentDocument", { value: inside, configurable: true });
    find("frame")?.dispatchEvent(new Event("load"));
    await tick();
  };
  return { ticket, load, end: () => unmount(page) };
}

function remote(): HTMLImageElement {
  const made = document.createElement("img");
  made.setAttribute("data-remote", "");
  return made;
}

/** Shows a frame with a remote image, and asks for it; the new document has not loaded yet. */
async function asked() {
  const shown = await framed();
  await shown.load(remote());
  find("pictures-show")?.click();
  await vi.waitFor(() => expect(shown.ticket).toHaveBeenCalledTimes(2));
  await tick();
  return shown;
}

test("images that are still missing after another try can be asked for again", async () => {
  const { ticket, load, end } = await asked();
  await load(image("/m/T/from/A", 0));
  ticket.mockRejectedValueOnce(new Unreachable());
  again()?.click();
  await vi.waitFor(() => expect(toasts.items[0]?.text).toBe(en.reader.picturesFailed));
  // As it was: another image that fails now is counted, and there is a way to try again.
  await load(image("/m/T/from/A", 0), image("/m/T/from/B", 0));
  expect(find("pictures-missing")?.textContent).toContain(en.reader.picturesMissing(2));
  toasts.retry(toasts.items[0]?.id ?? 0);
  await vi.waitFor(() => expect(ticket).toHaveBeenCalledTimes(4));
  expect(ticket.mock.lastCall?.[1]).toEqual({ kind: "view", remote: true, within: [] });
  await end();
});

test("nobody is asked to try again for images that are never fetched", async () => {
  const { load, end } = await asked();
  await load(remote(), image("/m/T/from/A", 40));
  expect(find("pictures-missing")?.textContent).toContain(en.reader.picturesMissing(1));
  expect(again()).toBeNull();
  await end();
});
