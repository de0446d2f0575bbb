// Pictures in the text of a message.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { editorStart } from "../src/views/compose/editor.ts";
import { Composer } from "../src/views/compose/composer.svelte.ts";
import { composers } from "../src/views/compose/composers.svelte.ts";
import * as pictures from "../src/views/compose/pictures.ts";
import * as api from "../src/api/sending.ts";

const ID = "0123456789abcdef0123456789abcdef";
const HTML = `<p>See <img src="cid:${ID}" alt="a heron"></p>`;

const upload = (more: Partial<api.Upload> = {}): api.Upload => ({
  ...{ id: ID, name: "heron.png", type: "image/png", size: 9, received: 9, chunkOctets: 9 },
  ...more,
});

const draft = (more: Partial<api.Draft>): api.Draft => ({
  ...{ id: "d1", version: 1, savedAt: "2026-11-23T12:04:00Z", uploads: [upload()] },
  ...{ to: [], cc: [], bcc: [], subject: "Birds", text: "See", html: HTML },
  ...{ attachments: [ID], related: null, choices: {} },
  ...more,
});

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

beforeEach(() => vi.spyOn(api, "check").mockResolvedValue({ items: [] }));
afterEach(() => vi.restoreAllMocks());

test("a picture of the text is shown, and comes out as it went in", () => {
  const { editor, out, holder } = editing(HTML);
  expect(out.shown).toContain(ID);
  const image = holder.querySelector("img");
  // Nothing that a browser would try to load.
  expect(image?.getAttribute("src")).toBeNull();
  expect(image?.alt).toBe("a heron");
  editor.picture("f".repeat(32), "an owl");
  expect(out.html).toContain(`<img src="cid:${ID}" alt="a heron">`);
  expect(out.html).toContain(`<img src="cid:${"f".repeat(32)}" alt="an owl">`);
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

test("what stands in the text is no file beside it, and what was taken out is not sent", async () => {
  const save = vi
    .spyOn(api, "draftSave")
    .mockImplementation(async (_, version, content) => draft({ ...content, version: version + 1 }));
  const composer = new Composer(draft({}));
  expect(composer.isPicture(ID)).toBe(true);
  const attached = async (html: string | null) => {
    composer.html = html;
    composer.changed();
    await composer.saveQuietly();
    return save.mock.lastCall?.[2].attachments;
  };
  expect(await attached(HTML)).toEqual([ID]);
  expect(await attached("<p>See</p>")).toEqual([]);
  expect(await attached(HTML)).toEqual([ID]);
  // Text without form has no pictures: it is a file again.
  expect(await attached(null)).toEqual([ID]);
  expect(composer.isPicture(ID)).toBe(false);
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
  const ask = vi.spyOn(api, "uploadImage").mockResolvedValue(new Blob(["x"]));
  const revoke = vi.spyOn(URL, "revokeObjectURL");
  const [one, two] = [document.createElement("img"), document.createElement("img")];
  await pictures.load(one, ID);
  await pictures.load(two, ID);
  expect(one.src).toMatch(/^blob:/);
  expect(two.src).toBe(one.src);
  expect(ask).toHaveBeenCalledTimes(1);
  composers.clear();
  await vi.waitFor(() => expect(revoke).toHaveBeenCalledWith(one.src));
  await pictures.load(two, ID);
  expect(ask).toHaveBeenCalledTimes(2);
  composers.clear();
});
