// The first load when files of the page fail, or never come: no page stays blank.
import assert from "node:assert/strict";
import {
  ATTEMPT_MS,
  accessible,
  base,
  launch,
  noSidewaysScroll,
  ok,
  password,
  problems,
  profile,
  reads,
  signIn,
  soon,
} from "./support.mjs";

const user = process.env.POSTERN_ADDRESS.split("@")[0];
const browser = await launch();

/** Does this with each request for a file whose name begins so; returns how many there were. */
async function files(page, name, act) {
  const count = { seen: 0 };
  const matches = (url) => new URL(url).pathname.startsWith(`/assets/${name}-`);
  await page.route(matches, (route) => act(route, (count.seen += 1)));
  return count;
}
const loads = (page) => {
  const count = { seen: 0 };
  page.on("framenavigated", (frame) => frame === page.mainFrame() && (count.seen += 1));
  return count;
};
const isShown = (page) => page.getByTestId("sign-in-name").waitFor();
const sentence = (page) => page.locator("#late[data-said] section:not([hidden])");

// A file that fails once, whichever way it is asked for, costs one more load and no word.
async function failsOnce(name) {
  const page = await profile(browser, { locale: "en-US" });
  const times = loads(page);
  const asked = await files(page, name, (route, n) => (n === 1 ? route.abort() : route.continue()));
  await page.goto(`${base}/`);
  await isShown(page);
  assert.ok(asked.seen >= 2, `${name} was asked for ${asked.seen} times`);
  assert.ok(times.seen <= 2, `${times.seen} loads`);
  await page.context().close();
  ok(`a file that fails once is asked for again, ${name}`);
}

// What fails each time is told, in the reader's language, with a way out that helps once it can.
const phone = { viewport: { width: 320, height: 640 }, hasTouch: true, locale: "he-IL" };
const FAILING = [
  ["en", { locale: "en-US" }, "en", /could not be loaded/],
  ["he", phone, "he", /לא ניתן היה/],
  // Without this one not even the script that loads the words runs.
  ["index-client", { locale: "fr-FR" }, "fr", /n’a pas pu/],
];
async function failsAlways([name, options, lang, words]) {
  const page = await profile(browser, options);
  const times = loads(page);
  await files(page, name, (route) => route.abort());
  await page.goto(`${base}/verify`);
  await sentence(page).waitFor();
  await reads(sentence(page), words);
  assert.equal(await sentence(page).getAttribute("lang"), lang);
  assert.equal(await page.evaluate(() => document.documentElement.lang), lang);
  assert.equal(times.seen, 2, "it was loaded once more, and no more than that");
  await accessible(page, `a page that cannot be loaded, in ${lang}`);
  await noSidewaysScroll(page, `a page that cannot be loaded, in ${lang}`);
  await page.unrouteAll();
  await sentence(page).getByRole("link").press("Enter");
  await page.getByTestId("verify-input").waitFor();
  assert.equal(new URL(page.url()).pathname, "/verify");
  await page.context().close();
  ok(`a page that cannot be loaded says so, and offers to try again, ${lang}`);
}

// Where nothing but the document comes, it speaks for itself.
async function bare() {
  const page = await profile(browser, { locale: "de-DE" });
  await page.route((url) => url.pathname !== "/", (route) => route.abort());
  await page.goto(`${base}/`);
  await page.getByText("could not be loaded").waitFor();
  await page.getByText("nicht vollständig geladen").waitFor();
  await page.unrouteAll();
  await page.locator("#late section[lang=de]").getByRole("link").click();
  await isShown(page);
  await page.context().close();
  ok("a document without any of its files is not blank");
}

// A file that is held for ever is not waited for.
async function held() {
  const page = await profile(browser, { locale: "en-US" });
  const held = new Map();
  await files(page, "en", (route) => {
    const { pathname } = new URL(route.request().url());
    held.set(pathname, (held.get(pathname) ?? 0) + 1);
  });
  await page.goto(`${base}/`);
  await sentence(page).waitFor();
  assert.ok(held.size > 0);
  for (const [name, times] of held) assert.equal(times, 2, `${name} was asked for once more`);
  await page.unrouteAll({ behavior: "ignoreErrors" });
  // It comes now, and may be in time; otherwise the reader tries again.
  await soon(async () => {
    const link = sentence(page).getByRole("link");
    if (await link.isVisible()) await link.click({ timeout: ATTEMPT_MS });
    await page.getByTestId("sign-in-name").waitFor({ timeout: ATTEMPT_MS });
  });
  assert.equal(await page.locator("#late").count(), 0);
  await page.context().close();
  ok("a file that is held does not hold the page");
}

// A session that the server does not answer for is neither a blank page nor the end of the session.
async function unanswered() {
  const page = await profile(browser, { locale: "en-US" });
  await signIn(page, user, password);
  await page.route("**/api/session", () => undefined);
  await page.reload();
  await page.getByText("Loading…").waitFor();
  await page.getByTestId("unreached").waitFor();
  await accessible(page, "a session that is not answered for");
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.getByTestId("unreached").getByRole("button").click();
  await page.getByTestId("place-mail").waitFor();
  await page.context().close();
  ok("a session that is not answered for is tried again");
}

// Each waits for long, and none for another.
await Promise.all([
  ...["index-client", "session.svelte", "en"].map(failsOnce),
  ...FAILING.map(failsAlways),
  bare(),
  held(),
  unanswered(),
]);

// What was made to fail is reported by the browser.
const rest = problems.filter((one) => !/net::ERR_FAILED|dynamically imported module/.test(one));
assert.deepEqual(rest, []);
await browser.close();
console.log("done");
