// A day in the webmail, on one page: mail comes in and is read, one message is written and one is
// begun, folders and filters are made, words are looked for, whatever can be chosen is chosen
// otherwise, and at the end nobody is signed in. Every word that is read or written in it
// is found nowhere else, so that the test that started this can search for them.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import {
  arriving,
  base,
  kept,
  launch,
  ok,
  OPTIONS,
  problems,
  profile,
  search,
  searched,
  silent,
  soon,
  watched,
} from "./support.mjs";

const day = JSON.parse(process.env.POSTERN_DAY);
const [
  subject, text, fileName, fileText, draftSubject, draftText, folder, label, sought, filtered, signature,
  saved, typed,
] = day.own;
const VIEW = { viewport: { width: 1280, height: 800 }, locale: "en-US" };

/** Opens a page in a browser that keeps its profile in a folder, if one is given. */
async function begun() {
  if (!day.profile) {
    const browser = await launch();
    return { page: await profile(browser, VIEW), close: () => browser.close() };
  }
  const options = { ...OPTIONS, ...VIEW, ignoreHTTPSErrors: true };
  const context = await chromium.launchPersistentContext(day.profile, options);
  return { page: await watched(context), close: () => context.close() };
}

async function signIn(page) {
  await page.goto(`${base}/`);
  await page.getByTestId("sign-in-name").fill(day.user);
  await page.getByTestId("sign-in-password").fill(day.password);
  await arriving(page, () => page.getByTestId("sign-in-submit").click());
  // What is seen first is the place seen last: maybe the drafts, which nobody counts.
  await page.getByTestId("place-mail").waitFor();
}

const press = (page, what) => page.getByTestId(what).filter({ visible: true }).first().click();
const row = (page, reference) => page.locator(`[data-testid=row][data-ref="${reference}"]`);

/**
 * Records every row that is hidden at a change of the list, before it is drawn: such a row has no focus, and a key
 * that is pressed there does nothing.
 */
function watchRows() {
  globalThis.hiddenRows = [];
  const look = () => {
    for (const one of document.querySelectorAll("[data-testid=row]"))
      if (getComputedStyle(one).visibility !== "visible") globalThis.hiddenRows.push(one.dataset.ref);
  };
  const list = document.querySelector("[data-testid=list]");
  new MutationObserver(look).observe(list, { childList: true, subtree: true });
}

async function signOut(page) {
  await press(page, "sign-out");
  await page.getByTestId("sign-in-name").waitFor();
  assert.equal(await page.evaluate(() => document.cookie), "");
}

/**
 * Shows a message by the keyboard: rows move when mail arrives, and where a row moves away between
 * the pressing and the release of a button, no browser reports a click.
 */
const show = (page, message) =>
  row(page, message.reference).getByTestId("row-link").press("Enter");

/**
 * Opens a message, checks that its text is shown in the page or the HTML frame, and saves its file.
 */
async function read(page, message) {
  await show(page, message);
  await press(page, "open");
  await soon(async () => {
    const found = await Promise.all(page.frames().map((one) => one.getByText(message.text).count()));
    assert.ok(found.some((count) => count > 0), `${message.text} is shown`);
  });
  const saving = page.waitForEvent("download");
  await press(page, "attachment");
  const saved = await saving;
  assert.ok(saved.suggestedFilename().includes(message.file));
  await saved.path();
}

async function write(page) {
  await press(page, "compose-button");
  await page.getByTestId("composer-to").fill(day.to);
  await page.keyboard.press("Enter");
  await page.locator(`[data-testid=chip][data-address="${day.to}"]:not([data-route=""])`).waitFor();
  await page.getByTestId("composer-subject").fill(subject);
  await page.getByTestId("composer-body").fill(text);
  const file = { name: `${fileName}.txt`, mimeType: "text/plain", buffer: Buffer.from(fileText) };
  await page.getByTestId("composer-attach").setInputFiles(file);
  await page.locator("[data-testid=composer-upload][data-state=done]").waitFor();
  await kept(page, () => press(page, "composer-send"), "/api/submissions");
  await page.getByTestId("composer").waitFor({ state: "detached" });
}

async function begin(page) {
  await press(page, "compose-button");
  await page.getByTestId("composer-subject").fill(draftSubject);
  await page.getByTestId("composer-body").fill(draftText);
  await page.getByTestId("composer-saved").filter({ hasText: /\d/ }).waitFor();
  await press(page, "composer-close");
  await page.getByTestId("composer").waitFor({ state: "detached" });
}

/** A folder and a label that people name; each is looked into. */
async function file(page, message) {
  await press(page, "mailbox-new");
  await page.getByTestId("mailbox-name").waitFor();
  await page.keyboard.type(folder);
  await kept(page, () => page.keyboard.press("Enter"), "/api/mailboxes");
  await page.getByTestId("mailbox").filter({ hasText: folder }).waitFor();
  await show(page, message);
  await press(page, "label-open");
  await page.getByTestId("label-name").fill(label);
  await kept(page, () => press(page, "label-add"), "/api/messages");
  await page.getByTestId("label-choice").waitFor();
  await page.keyboard.press("Escape");
  await page.getByTestId("labels").waitFor({ state: "detached" });
  await page.getByTestId("mailbox").filter({ hasText: folder }).click();
  await page.getByText(`There are no messages in ${folder}`).waitFor();
  await page.getByTestId("label-link").filter({ hasText: label }).click();
  await row(page, message.reference).getByTestId("row-snippet").waitFor();
}

/** In every way that there is: what is found is read, what is not is kept for another time. */
async function look(page, message) {
  // One word alone could be a number.
  await search(page, `word ${message.text}`);
  await row(page, message.reference).getByTestId("row-link").click();
  await page.getByText(message.text).first().waitFor();
  await page.waitForURL(`**/search/*/${message.reference}`);
  await search(page, `subject:${sought}`);
  await page.getByText("No messages found").waitFor();
  await search(page, `"${saved} and more"`);
  await page.getByText("No messages found").waitFor();
  await kept(page, () => press(page, "search-save"), "/api/appearance", saved);
  await page.getByTestId("saved-search").filter({ hasText: saved }).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByTestId("palette-field").waitFor();
  await page.keyboard.type(typed);
  await page.keyboard.press("Enter");
  await searched(page, typed);
  await page.goBack();
  await searched(page, `"${saved} and more"`);
  await page.goForward();
  await searched(page, typed);
}

/**
 * A page that is loaded again knows no words any more, asks for them, and still has the labels;
 * unless another page has them.
 */
async function lookAgain(page, message) {
  const other = await page.context().newPage();
  await other.goto(page.url());
  await searched(other, typed);
  await other.close();
  await page.reload();
  await page.getByText("Enter your search again").waitFor();
  await page.locator("[data-testid=filter]:focus").waitFor();
  await search(page, `word ${typed}`);
  await page.getByTestId("label-link").filter({ hasText: label }).click();
  await row(page, message.reference).waitFor();
  await page.reload();
  await row(page, message.reference).waitFor();
  await searched(page, `label:"${label}"`);
}

/** Changes every setting; desktop notifications are per browser and stay as they are. */
async function choose(page) {
  await press(page, "place-settings");
  const preferences = page.locator("select[data-testid^=preference-]");
  await preferences.first().waitFor();
  for (const one of await preferences.all()) {
    const values = await one.locator("option:not(:checked)").evaluateAll((all) => all.map((o) => o.value));
    await kept(page, () => one.selectOption(values.at(-1)), "/api/preferences");
  }
  await page.getByTestId("filter-subject").fill(filtered);
  await page.getByTestId("filter-star").check();
  await kept(page, () => press(page, "filter-add"), "/api/filters");
  await page.getByTestId("filter-line").filter({ hasText: filtered }).waitFor();
  await page.getByTestId("theme-dark").check();
  await page.getByTestId("density-compact").check();
  await page.getByTestId("grouped").uncheck();
  await page.getByTestId("keys").uncheck();
  await page.getByTestId("language").selectOption("fr");
  await page.getByTestId("signature").fill(signature);
  // The changes are saved in order, so the last one shows that all are saved.
  const last = page.waitForResponse((answer) => {
    const said = answer.request().method() === "PUT" && (answer.request().postData() ?? "");
    return said && said.includes("Pacific/Auckland") && said.includes(signature);
  });
  await page.getByTestId("zone").selectOption("Pacific/Auckland");
  assert.ok((await last).ok());
}

/**
 * Returns what follows the user everywhere: settings, filters, folders, labels, messages and
 * drafts.
 */
async function state(page) {
  await press(page, "place-settings");
  await page.getByTestId("filter-line").first().waitFor();
  const choices = await page
    .locator("select, textarea, input[type=radio], input[type=checkbox]")
    .evaluateAll((all) =>
      all.map((one) => [one.dataset.testid, one.matches("[type]") ? one.checked : one.value]),
    );
  const filters = await page.getByTestId("filter-line").allInnerTexts();
  await press(page, "place-mail");
  await row(page, day.messages[0].reference).waitFor();
  const folders = await page.getByTestId("mailbox").allInnerTexts();
  const labels = await page.getByTestId("label-link").allInnerTexts();
  const messages = await page
    .getByTestId("row")
    .evaluateAll((all) => all.map((one) => [one.dataset.ref, one.dataset.opened, one.innerText]));
  await page.locator("[data-testid=mailbox][data-mailbox=drafts]").click();
  await page.getByTestId("draft").first().waitFor();
  // When they were written is told as it is seen: "now", then the time of day.
  const drafts = await page
    .getByTestId("draft")
    .evaluateAll((all) => all.map((one) => one.innerText.replace(one.querySelector("time").innerText, "")));
  const has = [choices.length > 15, filters.length, folders.length > 5, labels.length, messages.length, drafts.length];
  assert.ok(has.every(Boolean), JSON.stringify(has));
  return { choices, filters, folders, labels, messages, drafts };
}

const { page, close } = await begun();
await signIn(page);
if (process.env.POSTERN_COOKIES === "blocked") {
  const kept = await page.evaluate(() => {
    document.cookie = "a=b";
    return document.cookie;
  });
  assert.equal(kept, "", "the browser keeps no cookie");
}
ok("signed in");
await page.evaluate(watchRows);
// The test that started this script delivers a message now.
console.log("deliver");
await page.getByTestId("row").filter({ hasText: day.live }).waitFor();
assert.deepEqual(await page.evaluate(() => globalThis.hiddenRows), []);
ok("a message arrived while the user was looking");
for (const message of day.messages) await read(page, message);
ok("every message was read and its file saved");
await write(page);
await begin(page);
await file(page, day.messages[0]);
await look(page, day.messages[0]);
// Where a browser keeps nothing, a reload needs a new sign-in.
if (process.env.POSTERN_COOKIES !== "blocked") await lookAgain(page, day.messages[0]);
await press(page, "place-mail");
await choose(page);
ok("written, filed and chosen");
const here = await soon(() => state(page));
await signOut(page);
await silent(page, day.live);
await close();

if (day.profile) {
  // P-06: another browser, in which the user never signed in before.
  const browser = await launch();
  const there = await profile(browser, VIEW);
  await signIn(there);
  await soon(async () => assert.deepEqual(await state(there), here));
  await signOut(there);
  await browser.close();
  ok("everything is the same in another browser");
}
assert.deepEqual(problems, []);
console.log("done");
