// Pictures in the text of a message.
import { AllSelection, TextSelection } from "prosemirror-state";
import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import ComposerPanel from "../src/views/compose/ComposerPanel.svelte";
import { editorStart, type Editor, type Place } from "../src/views/compose/editor.ts";
import { Composer } from "../src/views/compose/composer.svelte.ts";
import { composers } from "../src/views/compose/composers.svelte.ts";
import * as pictures from "../src/views/compose/pictures.ts";
import { ApiError } from "../src/api/client.ts";
import * as api from "../src/api/sending.ts";
import en from "../src/i18n/en.ts";
import { languageUse } from "../src/i18n/index.svelte.ts";
import type { Attached } from "../src/state/message.svelte.ts";
import { toasts } from "../src/state/toasts.svelte.ts";
import { problemLike } from "./fixtures.ts";

const ID = "0123456789abcdef0123456789abcdef";
const HTML = `<p>See <img src="cid:${ID}" alt="a heron"></p>`;

const upload = (more: Partial<api.Upload> = {}): api.Upload => ({
  ...{ id: ID, name: "heron.png", type: "image/png", size: 9, received: 9, chunkOctets: 9 },
  ...more,
});

const draft = (more: Partial<api.Draft>): api.Draft => ({
  ...{ id: "d1", version: 1, savedAt: "2026-11-23T12:04:00Z", uploads: [upload()] },
  ...{ to: [], cc: [], bcc: [], subject: "Birds", text: "See", html: HTML },
  ...{ attachments: [ID], related: null, choices: {}, signed: null },
  ...more,
});

/** A finished upload with an ID of this digit. */
const attached = (digit: string, more: Partial<api.Upload> = {}): Attached => {
  const one = upload({ id: digit.repeat(32), name: `${digit}.png`, ...more });
  return { key: 9, name: one.name, size: 9, file: null, upload: one, state: "done" };
};

function editing(html: string) {
  const holder = document.createElement("div");
  document.body.append(holder);
  const out = { html: "", text: "", shown: [] as string[] };
  const editor = editorStart(holder, {
    ...{ html, text: "", label: "Text", onsend: () => undefined, onactive: () => undefined },
    onchange: (html, text) => Object.assign(out, { html, text }),
    onpicture: (_, id) => out.shown.push(id),
  });
  return { editor, out, holder };
}

beforeEach(async () => {
  await languageUse("en");
  vi.spyOn(api, "check").mockResolvedValue({ items: [] });
  vi.spyOn(api, "correspondents").mockResolvedValue({ items: [] });
  vi.spyOn(api, "uploadImage").mockResolvedValue(new Blob(["x"]));
  vi.spyOn(api, "draftSave").mockImplementation(async (_, version, content) =>
    draft({ ...content, version: version + 1 }),
  );
});
afterEach(() => {
  composers.clear();
  toasts.clear();
  document.body.replaceChildren();
  vi.restoreAllMocks();
});

const find = (name: string) => document.querySelector<HTMLElement>(`[data-testid=${name}]`);

/** A composer on the page, whose text can be written. */
async function shown(composer: Composer) {
  // What the page loads when it is needed; how long that takes is not asked here.
  await import("../src/views/compose/Editor.svelte");
  await import("../src/views/compose/Files.svelte");
  await import("../src/views/compose/missing.ts");
  const page = mount(ComposerPanel, { target: document.body, props: { composer } });
  await vi.waitFor(() => expect(document.querySelector(".ProseMirror")).not.toBeNull());
  return page;
}

test("a picture of the text is shown, and comes out as it went in", () => {
  const { editor, out, holder } = editing(HTML);
  expect(out.shown).toContain(ID);
  const image = holder.querySelector("img");
  // Nothing that a browser would try to load.
  expect(image?.getAttribute("src")).toBeNull();
  expect(image?.alt).toBe("a heron");
  put(editor, editor.hold(null), attached("f"));
  expect(out.html).toContain(`<img src="cid:${ID}" alt="a heron">`);
  expect(out.html).toContain(`<img src="cid:${"f".repeat(32)}" alt="f.png">`);
  expect(out.text).toContain("[a heron]");
  editor.destroy();
});

test("a picture from elsewhere does not get into the text", () => {
  const { editor, out, holder } = editing('<p>See <img src="https:x.example/a.png" alt="a"></p>');
  editor.link("https://x.example");
  expect(holder.querySelector("img:not(.ProseMirror-separator)")).toBeNull();
  expect(out.html).not.toContain("<img");
  editor.destroy();
});

/** Puts a picture into the text of an editor. */
const put = (editor: Editor, place: Place, one: Attached) =>
  pictures.put(Object.assign(new Composer(), { editor }), place, one, true);

const atEnd = ({ view }: Editor) =>
  view.dispatch(view.state.tr.setSelection(TextSelection.atEnd(view.state.doc)));

test("a picture stands where it was put, replaces nothing and takes no focus", () => {
  const { editor, out, holder } = editing("<p>one two</p>");
  const { view } = editor;
  atEnd(editor);
  const places = ["a", "b"].map(() => editor.hold(null));
  // While they are uploaded, all is selected; and before that, more was written.
  view.dispatch(view.state.tr.insertText(" three").insertText("Now ", 1));
  view.dispatch(view.state.tr.setSelection(new AllSelection(view.state.doc)));
  const field = document.createElement("input");
  holder.append(field);
  field.focus();
  for (const [at, digit] of [
    [1, "b"],
    [0, "a"],
  ] as const)
    put(editor, places[at] ?? editor.hold(null), attached(digit));
  expect(out.text).toBe("Now one two[a.png][b.png] three");
  expect(view.state.selection).toBeInstanceOf(AllSelection);
  expect(document.activeElement).toBe(field);
  editor.destroy();
});

test("what ends first of two pictures of one place does not come first", () => {
  const { editor, out } = editing("<p>one</p>");
  atEnd(editor);
  const [a, b, c] = [editor.hold(null), editor.hold(null), editor.hold(null)];
  put(editor, a, attached("a"));
  put(editor, c, attached("c"));
  put(editor, b, attached("b"));
  expect(out.text).toBe("one[a.png][b.png][c.png]");
  editor.destroy();
});

test("what is no picture stays a file beside the text", () => {
  const { editor, out } = editing("<p>one</p>");
  const pdf = attached("a", { type: "application/pdf" });
  put(editor, editor.hold(null), pdf);
  expect(out.html).toBe("");
  editor.destroy();
});

test("a pasted picture is put where it was pasted, however long its upload takes", async () => {
  let end: (done: api.Upload) => void = () => undefined;
  vi.spyOn(api, "uploadNew").mockReturnValue(new Promise((done) => (end = done)));
  const composer = new Composer(draft({ html: "<p>See</p>", uploads: [], attachments: [] }));
  const page = await shown(composer);
  const files = [new File(["x"], "heron.png", { type: "image/png" })];
  const event = new Event("paste", { bubbles: true, cancelable: true });
  Object.assign(event, { clipboardData: { files, getData: () => "" } });
  find("composer-body")?.dispatchEvent(event);
  find("composer-subject")?.focus();
  end(upload({ size: 9, received: 9 }));
  await vi.waitFor(() => expect(composer.html).toContain(`"cid:${ID}"`));
  expect(composer.text).toContain("See");
  expect(document.activeElement).toBe(find("composer-subject"));
  expect(composer.isPicture(ID)).toBe(true);
  await unmount(page);
});

test("without form, the pictures of a text are files, and stay files with form again", async () => {
  const composer = new Composer(draft({}));
  const page = await shown(composer);
  find("composer-plain-switch")?.click();
  flushSync();
  await vi.waitFor(() => expect(find("composer-upload")?.textContent).toContain("heron.png"));
  find("composer-plain-switch")?.click();
  flushSync();
  await vi.waitFor(() => expect(document.querySelector(".ProseMirror")).not.toBeNull());
  composer.html = "<p>See x</p>";
  composer.changed();
  flushSync();
  expect(find("composer-upload")?.textContent).toContain("heron.png");
  await composer.saveQuietly();
  expect(vi.mocked(api.draftSave).mock.lastCall?.[2].attachments).toEqual([ID]);
  await unmount(page);
});

test("a picture of another message does not get into the text, and this is said", async () => {
  const other = "e".repeat(32);
  const composer = new Composer(
    draft({ html: `<p>My <img src="cid:${other}" alt="an owl">${HTML.slice(3)}` }),
  );
  const page = await shown(composer);
  await vi.waitFor(() => expect(toasts.shown?.text).toBe(en.compose.leftOut));
  expect(toasts.shown?.detail).toBe("an owl");
  expect(composer.html).not.toContain(other);
  expect(composer.html).toContain(ID);
  await unmount(page);
});

test("a draft is saved without an upload that is gone, which is said before it is sent", async () => {
  const missing = new ApiError(problemLike(404, "not-found"), null);
  const save = vi.mocked(api.draftSave).mockImplementation(async (_, version, content) => {
    if (content.attachments.includes(ID)) throw missing;
    return draft({ ...content, version: version + 1 });
  });
  vi.spyOn(api, "draftCreate").mockRejectedValue(missing);
  vi.spyOn(api, "uploadRead").mockRejectedValue(missing);
  const submit = vi.spyOn(api, "submit").mockRejectedValue(missing);
  const to = [{ name: null, address: "a@x.example" }];
  const composer = new Composer(draft({ to }));
  const page = await shown(composer);
  composer.subject = "Other birds";
  composer.changed();
  await composer.send();
  expect(submit).not.toHaveBeenCalled();
  expect(toasts.items.map(({ text, detail }) => [text, detail])).toContainEqual([
    en.compose.leftOut,
    "heron.png",
  ]);
  await vi.waitFor(() => expect(composer.html).not.toContain("<img"));
  expect(composer.text).toContain("See");
  await composer.send();
  expect(save.mock.lastCall?.[2]).toMatchObject({ subject: "Other birds", attachments: [] });
  expect(submit).toHaveBeenCalledOnce();
  await unmount(page);
});

test("a draft that cannot be saved for another reason keeps its files", async () => {
  const missing = new ApiError(problemLike(404, "not-found"), null);
  vi.mocked(api.draftSave).mockRejectedValue(missing);
  vi.spyOn(api, "draftCreate").mockRejectedValue(missing);
  vi.spyOn(api, "uploadRead").mockResolvedValue(upload());
  const composer = new Composer(draft({}));
  composer.changed();
  await composer.saveQuietly();
  expect(composer.unsaved).toBe(true);
  expect(composer.files).toHaveLength(1);
});

test("a file that was put into the text and taken out again is a file again", () => {
  const composer = new Composer(draft({ html: "<p>See</p>" }));
  composer.html = HTML;
  expect(composer.isPicture(ID)).toBe(true);
  composer.html = "<p>See</p>";
  expect(composer.isPicture(ID)).toBe(false);
});

test("a picture of the text is not the attachment that the text mentions", () => {
  const composer = new Composer(draft({ text: "See the attached contract." }));
  expect(composer.forgotten).toEqual(["file"]);
  composer.toPlain();
  expect(composer.forgotten).toEqual([]);
});

test("what stands in the text is no file beside it, and what was taken out is not sent", async () => {
  const save = vi.mocked(api.draftSave);
  const composer = new Composer(draft({}));
  expect(composer.isPicture(ID)).toBe(true);
  const sent = async (html: string | null) => {
    if (html === null) composer.toPlain();
    composer.html = html;
    composer.changed();
    await composer.saveQuietly();
    return save.mock.lastCall?.[2].attachments;
  };
  expect(await sent(HTML)).toEqual([ID]);
  expect(await sent("<p>See</p>")).toEqual([]);
  expect(await sent(HTML)).toEqual([ID]);
  // Text without form has no pictures: it is a file again.
  expect(await sent(null)).toEqual([ID]);
  expect(composer.isPicture(ID)).toBe(false);
});

test("a picture that was taken out of the text does not come back as a file without form", async () => {
  const save = vi.mocked(api.draftSave);
  const composer = new Composer(draft({ html: HTML }));
  composer.html = "<p>See</p>";
  composer.toPlain();
  await composer.saveQuietly();
  expect(save.mock.lastCall?.[2].attachments).toEqual([]);
});

test.each([
  [{}, true],
  [{ type: "image/svg+xml" }, false],
  [{ type: "application/pdf" }, false],
  [{ size: 5_000_000 }, false],
])("an upload %j can be shown in the text: %s", (more, is) => {
  expect(pictures.isShown(upload(more))).toBe(is);
});

test("the octets of a picture are asked for once, and forgotten at the end", async () => {
  const ask = vi.mocked(api.uploadImage);
  const revoke = vi.spyOn(URL, "revokeObjectURL");
  const composer = new Composer(draft({}));
  const [one, two] = [document.createElement("img"), document.createElement("img")];
  await pictures.load(one, ID, composer);
  await pictures.load(two, ID, composer);
  expect(one.src).toMatch(/^blob:/);
  expect(two.src).toBe(one.src);
  expect(ask).toHaveBeenCalledTimes(1);
  composers.clear();
  await vi.waitFor(() => expect(revoke).toHaveBeenCalledWith(one.src));
  await pictures.load(two, ID, composer);
  expect(ask).toHaveBeenCalledTimes(2);
  composers.clear();
});
