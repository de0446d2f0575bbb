// Rules for the source code that no compiler checks.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { gzipSync } from "node:zlib";
import ar from "../src/i18n/ar.ts";
import de from "../src/i18n/de.ts";
import en from "../src/i18n/en.ts";
import es from "../src/i18n/es.ts";
import fr from "../src/i18n/fr.ts";
import he from "../src/i18n/he.ts";

const files = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((name) => /\.(svelte|ts|css)$/.test(name))
  .map((name) => ({ name, text: readFileSync(`src/${name}`, "utf8") }));
const components = files.filter(({ name }) => name.endsWith(".svelte"));
const cssOf = ({ name, text }: { name: string; text: string }) =>
  name.endsWith(".css") ? text : (/<style>([\s\S]*)<\/style>/.exec(text)?.[1] ?? "");

test("the source files are found", () => {
  expect(components.length).toBeGreaterThan(20);
});

test.each(files.filter((file) => cssOf(file) !== ""))("$name has logical CSS only", (file) => {
  const css = cssOf(file).replace(/\/\*[\s\S]*?\*\//g, "");
  expect(css.match(/\b(left|right)\b/g)).toBeNull();
  expect(
    css.match(
      /(?:margin|padding)-(?:top|bottom)|(?<![-\w])(?:min-|max-)?(?:width|height)\s*:(?!\s*\d+px\))/g,
    ),
  ).toBeNull();
  // Four values name physical sides, unless the opposite ones are equal.
  for (const [, a, b] of css.matchAll(/(?:margin|padding): \S+ (\S+) \S+ (\S+);/g))
    expect(a).toBe(b);
});

/** Relative luminance (WCAG 2.2). */
function luminance(colour: string): number {
  const parts = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255);
  const [r = 0, g = 0, b = 0] = parts.map((one) =>
    one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

test("marked words can be read in both themes", () => {
  const css = readFileSync("src/app.css", "utf8");
  const token = (name: string) =>
    new RegExp(`--${name}: light-dark\\((#\\w{6}), (#\\w{6})\\)`).exec(css)?.slice(1) ?? [];
  for (const theme of [0, 1]) {
    const [ink, mark] = [token("ink-2"), token("mark")].map((one) => luminance(one[theme] ?? ""));
    const [dark = NaN, light = NaN] = [ink, mark].map(Number).sort((a, b) => a - b);
    expect((light + 0.05) / (dark + 0.05)).toBeGreaterThanOrEqual(4.5);
  }
});

test("what is chosen is told without colours too", () => {
  const css = readFileSync("src/app.css", "utf8");
  const forced = css.match(/@media \(forced-colors: active\) \{([\s\S]*?)\n\}/g)?.join() ?? "";
  for (const state of ["aria-current", "aria-pressed", "aria-selected"])
    expect(forced).toContain(state);
  // Each colour of ours is one of the system's there.
  const names = [...css.matchAll(/^ {2}(--[\w-]+): light-dark/gm)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(20);
  for (const name of names) expect(forced).toMatch(new RegExp(`${name}: (Canvas|CanvasText);`));
});

test.each(components)("$name has no inline style, no raw HTML and no literal text", ({ text }) => {
  const markup = text.replace(/<(script|style)[\s\S]*?<\/\1>/g, "").replace(/<!--[\s\S]*?-->/g, "");
  expect(markup).not.toMatch(/\sstyle=/);
  expect(markup).not.toMatch(/\{@html/);
  expect(markup).not.toMatch(/\s(aria-label|title|placeholder|alt)="[^{"]/);
  const words = withoutBraces(markup).replace(/<[^>]*>/g, " ");
  expect(words.match(/[A-Za-zא-ת]{2,}/g)).toBeNull();
});

// Browsers keep what was typed, with forms and with pages that are to be opened again.
test.each(components)(
  "$name says of every text field whether the browser may fill it",
  ({ text }) => {
    const fields = [...text.matchAll(/<(?:input|textarea)\b(?:[^>{]|\{(?:[^{}]|\{[^}]*\})*\})*>/g)];
    const typed = fields
      .map(([field]) => field)
      .filter((field) => !/\stype="(?:checkbox|radio|file|hidden|range|color)"/.test(field));
    expect(typed.filter((field) => !/\sautocomplete=/.test(field))).toEqual([]);
  },
);

test.each(components)("$name has no field that is left to right when it is empty", ({ text }) => {
  const fields = text.match(/<(?:input|textarea)\b(?:[^>{]|\{(?:[^{}]|\{[^}]*\})*\})*>/g) ?? [];
  expect(fields.filter((field) => field.includes('dir="auto"'))).toEqual([]);
});

test("no shape of the contract is written by hand", () => {
  const { components } = JSON.parse(readFileSync("../docs/openapi.json", "utf8")) as {
    components: { schemas: Record<string, unknown> };
  };
  const schemas = Object.keys(components.schemas);
  expect(schemas.length).toBeGreaterThan(100);
  // An alias of a generated type may have its name; a type with its own fields may not.
  const written = /^(?:export )?(?:interface (\w+)|type (\w+)(?:<.*>)? =\s*(?:\||\{)[^;]*\w\??:)/gm;
  const byHand = files
    .filter(({ name }) => name.startsWith("api/"))
    .flatMap(({ text }) => [...text.matchAll(written)].map(([, a, b]) => a ?? b ?? ""));
  expect(byHand).toContain("Signer");
  expect(byHand.filter((name) => schemas.includes(name))).toEqual([]);
});

test.each(files)("$name swallows no error", ({ text }) => {
  // Work in the background goes through `background`, which logs failures.
  expect(text).not.toMatch(/catch\(\(\w*\) => (?:undefined|null|void 0|\{\s*\})\)|catch \{\s*\}/);
});

test("only preferences are stored in localStorage", () => {
  const users = files.filter(({ text }) => /localStorage\./.test(text));
  expect(users.map(({ name }) => name)).toEqual(["state/prefs.svelte.ts"]);
});

test("dates are formatted in one place", () => {
  const users = files.filter(({ text }) => /Intl\.DateTimeFormat\(|toLocale(Date|Time)/.test(text));
  expect(users.map(({ name }) => name)).toEqual(["lib/format.ts"]);
});

test("no cookie, no eval, no other origin", () => {
  for (const { text } of files) {
    expect(text).not.toMatch(/document\.cookie|\beval\(|new Function|innerHTML/);
    expect(text).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
  }
});

const others = { ar, de, es, fr, he };

test.each(Object.entries(others))("%s has every entry that English has", (_, words) => {
  // An entry may take fewer parameters than English: some languages do not need the number.
  const [said, wanted] = [shape(words), shape(en)];
  expect(Object.keys(said)).toEqual(Object.keys(wanted));
  for (const [path, gaps] of Object.entries(said))
    expect([path, gaps < 0]).toEqual([path, (wanted[path] ?? 0) < 0]);
});

test("no catalogue entry is empty, for one, two or many", () => {
  for (const words of [en, ...Object.values(others)])
    for (const [, entry] of entries(words)) {
      const said = typeof entry === "string" ? [entry] : [1, 2, 11].map((n) => String(entry(n, n)));
      for (const text of said) expect(text).toMatch(/\S/);
    }
});

test("every catalogue entry is used", () => {
  const source = files.filter(({ name }) => !name.startsWith("i18n/")).map(({ text }) => text);
  const all = source.join("\n");
  const dynamic =
    /^(boxes\.(inbox|drafts|sent|confirmations|archive|junk|trash)|(sessions|settings|about)\.title|colleagues\.(ways|standing|problems)\.[\w-]+|(pickup\.(asks|hint|strength)|status\.(states|notes))\.[\w-]+|portal\.notice\.[\w-]+|contacts\.(kinds|nameParts|workParts|postalParts|outcomes|reasons|share\.(levels|readers|outcomes|book\.progress))\.[\w-]+|profiles\.(audiences|fields)\.[\w-]+|quota\.fullness\.[\w-]+|roles\.act\.[\w-]+|groups\.(kinds|kindHints|writersOf|role|change|by)\.[\w-]+|calendar\.(states|meetingStates|personStates|ownAnswers|answers|shapes|places|colours|every|endKinds|rules|ruleTexts)\.[\w-]+|boards\.(rights|attend|attention)\.[\w-]+|look\.advances\.\w+|problems\.[\w-]+|compose\.(marks|fields|routes|gets|choices|reasons)\.[\w-]+|manage\.(title|pages\.\w+|users\.columns\.\w+|policy\.(choices|modes)\.[\w-]+|queue\.(states|kinds)\.\w+|log\.acts\.[\w-]+))$/;
  const unused = entries(en)
    .map(([path]) => path)
    .filter((path) => !dynamic.test(path) && !all.includes(`.${path}`))
    // A view that uses one group throughout calls that group `words`.
    .filter((path) => !all.includes(`words.${path.replace(/^\w+\./, "")}`))
    .filter((path) => !all.includes(`words.${path.replace(/^manage\.\w+\./, "")}`));
  expect(unused).toEqual([]);
});

test("requests are about a role mailbox where the server takes them so", () => {
  const server = readFileSync("../src/web/auth.rs", "utf8");
  const list = /const ROLE_MAY[^;]*;/.exec(server)?.[0] ?? "";
  const may = [...list.matchAll(/"\/api\/([a-z]+)"/g)].map(([, name = ""]) => name);
  const client = readFileSync("src/api/client.ts", "utf8");
  const asked = /\/\^\\\/api\\\/\(([a-z|]+)\)/.exec(client)?.[1]?.split("|") ?? [];
  expect(may.length).toBeGreaterThan(10);
  expect(asked.sort()).toEqual(may.sort());
});

test("every code with which the server refuses has a text in every language", () => {
  const source = readFileSync("../src/web/error.rs", "utf8");
  const direct = [...source.matchAll(/Problem::new\(StatusCode::\w+, "([a-z-]+)"/g)];
  const core = readFileSync("../src/gateway/error.rs", "utf8");
  const conflicts = [...core.matchAll(/^ +Conflict::\w+ => "([a-z-]+)",$/gm)];
  const codes = [...direct, ...conflicts].map(([, code = ""]) => code);
  expect(codes.length).toBeGreaterThan(25);
  // Codes for which a page has a text of its own, or which no page sees.
  const elsewhere = [
    "bad-credentials",
    "slow-down",
    "confirm-needed",
    "weak-password",
    "last-manager",
    "asked-lately",
    "not-an-image",
    "in-room",
    "last-controller",
    "request-used",
    "board-managed",
    "meeting-changed",
    "meeting-cancelled",
    "meeting-runs",
  ];
  const ours = ["wrong-offset", "reference"];
  const missing = codes.filter((code) => !Object.hasOwn(en.problems, code));
  expect(missing.filter((code) => ![...elsewhere, ...ours].includes(code))).toEqual([]);
});

test.runIf(existsSync("dist"))("the first script is at most 60 kB compressed", () => {
  const page = readFileSync("dist/index.html", "utf8");
  const [, main = ""] = /<script type="module"[^>]* src="\/([^"]+)"/.exec(page) ?? [];
  // What it imports before anything is drawn counts as well.
  const preloads = [...page.matchAll(/rel="modulepreload"[^>]* href="\/([^"]+)"/g)];
  const first = [main, ...preloads.map(([, name = ""]) => name)];
  const sent = first.map((name) => gzipSync(readFileSync(`dist/${name}`)).length);
  expect(sent.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(60 * 1024);
  expect(page).not.toMatch(/<style|\sstyle=|<script(?![^>]*\ssrc=)/);
  expect(existsSync("dist/licences.txt")).toBe(true);
});

test.runIf(existsSync("dist"))(
  "the message editor is at most 75 kB compressed, any other part 25 kB",
  () => {
    const sizes = readdirSync("dist/assets")
      .filter((name) => name.endsWith(".js"))
      .map((name) => [name, gzipSync(readFileSync(`dist/assets/${name}`)).length] as const);
    // The editor, with what is loaded only for it. Which messages are open is a part of the shell,
    // which those load too who only read.
    const isEditor = (name: string) => /^(Editor|Composers|composer\.)/.test(name);
    const editor = sizes
      .filter(([name]) => isEditor(name))
      .reduce((sum, [, size]) => sum + size, 0);
    expect(editor).toBeGreaterThan(0);
    expect(editor).toBeLessThanOrEqual(75 * 1024);
    const large = sizes.filter(([name, size]) => !isEditor(name) && size > 25 * 1024);
    expect(large).toEqual([]);
  },
);

type Entry = string | ((...args: unknown[]) => string);

function entries(words: object, prefix = ""): [string, Entry][] {
  return Object.entries(words).flatMap(([name, entry]: [string, object | Entry]) =>
    typeof entry === "object"
      ? entries(entry, `${prefix}${name}.`)
      : [[`${prefix}${name}`, entry] satisfies [string, Entry]],
  );
}

function shape(words: object): Record<string, number> {
  return Object.fromEntries(
    entries(words).map(([path, entry]) => [path, typeof entry === "string" ? -1 : entry.length]),
  );
}

function withoutBraces(markup: string): string {
  let depth = 0;
  let out = "";
  for (const char of markup) {
    if (char === "{") depth += 1;
    if (depth === 0) out += char;
    if (char === "}") depth -= 1;
  }
  return out;
}
