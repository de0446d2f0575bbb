// What a person reads when a post is refused, and what becomes of its files.
import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ApiError } from "../src/api/client.ts";
import * as api from "../src/api/sending.ts";
import words from "../src/i18n/boards/en.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";
import PostForm from "../src/views/boards/PostForm.svelte";

vi.mock("../src/api/sending.ts");

const upload = (id: string) => ({
  id,
  name: "plan.txt",
  type: "text/plain",
  size: 4,
  received: 4,
  chunkOctets: 4,
});
const refused = (code: string) => new ApiError({ type: "", title: "", status: 404, code }, null);

let form: Record<string, unknown>;
let refusal: ApiError;

beforeEach(async () => {
  await languageUse("en");
  vi.resetAllMocks();
  vi.mocked(api.uploadNew).mockImplementation(async () => ({ ...upload("u0"), received: 0 }));
  vi.mocked(api.uploadPut).mockImplementation(async (id) => upload(id));
  const onsave = () => Promise.reject(refusal);
  const props = { titled: false, text: "Soup", action: "Answer", mayLimit: true, onsave };
  form = mount(PostForm, { target: document.body, props });
  flushSync();
});
afterEach(async () => {
  await unmount(form);
  document.body.replaceChildren();
});

const at = <E extends HTMLElement>(id: string) => {
  const found = document.querySelector<E>(`[data-testid=${id}]`);
  if (found === null) throw new Error(id);
  return found;
};

async function attach() {
  const input = at<HTMLInputElement>("post-attach");
  Object.defineProperty(input, "files", { value: [new File(["Plan"], "plan.txt")] });
  input.dispatchEvent(new Event("change", { bubbles: true }));
  await vi.waitFor(() => expect(api.uploadPut).toHaveBeenCalled());
}

async function post(error: ApiError, problem: string) {
  refusal = error;
  at<HTMLFormElement>("post-form").requestSubmit();
  await vi.waitFor(() => expect(at("post-problem").textContent).toContain(problem));
}

test("files that another post took are said to be gone", async () => {
  await attach();
  vi.mocked(api.uploadRead).mockRejectedValue(refused("not-found"));
  await post(refused("not-found"), words.boards.filesBroken);
  // Before they are uploaded anew or taken off, nothing is sent.
  refusal = refused("no-such-reader");
  await post(refusal, words.boards.filesBroken);
});

test("only the refusal of a reader is said to be about the readers", async () => {
  at<HTMLInputElement>("post-limits").click();
  flushSync();
  const reader = at<HTMLInputElement>("post-reader-address");
  reader.value = "noa@example.org";
  reader.dispatchEvent(new Event("input", { bubbles: true }));
  await post(refused("no-such-reader"), words.boards.readerUnknown);
  refusal = refused("not-found");
  at<HTMLFormElement>("post-form").requestSubmit();
  await vi.waitFor(() =>
    expect(at("post-problem").textContent).not.toContain(words.boards.readerUnknown),
  );
  expect(at("post-problem").textContent).toContain("no longer available");
});
