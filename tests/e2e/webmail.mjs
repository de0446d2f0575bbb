// What a new user does in the webmail besides reading and sending: searching, changing settings,
// and recovering a lost password.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import {
  accessible,
  arriving,
  ATTEMPT_MS,
  base,
  deliver,
  launch,
  message,
  noSidewaysScroll,
  ok,
  kept,
  password,
  problems,
  profile,
  reads,
  search,
  searched,
  signIn,
  silent,
  soon,
} from "./support.mjs";

const me = process.env.POSTERN_ADDRESS;
const user = me.split("@")[0];
const NEW = "a passphrase of my own";
const THIRD = "another one after that";

const heron = await deliver(me, message("Birds", "By the pond stood a blue heron, quite still."));
const owl = await deliver(me, message("Night", "Nobody has opened the grey owl."));

const browser = await launch();
const page = await profile(browser, { viewport: { width: 1280, height: 800 } });
const row = (where, reference) => where.locator(`[data-testid=row][data-ref="${reference}"]`);

await signIn(page, user);
await row(page, heron).getByTestId("row-link").click();
await page.getByTestId("open").click();
await page.getByTestId("text").filter({ hasText: "heron" }).waitFor();

// P-19: by the keyboard alone, by a word that occurs only in the text.
await page.keyboard.press("Escape");
await page.keyboard.press("/");
await page.keyboard.type("HERON pond");
await page.keyboard.press("Enter");
await row(page, heron).waitFor();
const snippet = row(page, heron).getByTestId("row-snippet");
await searched(page, "HERON pond");
await page.waitForURL(/\/search\/\d+$/);
await reads(snippet, /By the pond stood a blue heron/);
await soon(async () => {
  assert.deepEqual(await snippet.locator("mark").allInnerTexts(), ["pond", "heron"]);
  assert.equal(await page.getByTestId("row").count(), 1);
});
await accessible(page, "search results");
await page.keyboard.press("Escape");
await page.keyboard.press("j");
await page.keyboard.press("Enter");
await page.getByTestId("text").filter({ hasText: "heron" }).waitFor();
// The search stays beside the message.
await searched(page, "HERON pond");
await page.waitForURL(/\/search\/\d+\/./);
ok("a message is found by a word in it, by the keyboard");

await page.goBack();
await search(page, "owl");
await page.getByText("No messages found").waitFor();
await accessible(page, "nothing found");
await search(page, "subject:night");
await row(page, owl).waitFor();
const is = (element, attribute, value) =>
  soon(async () => assert.equal(await element.getAttribute(attribute), value));
// A search result does not open the message.
await is(row(page, owl), "data-opened", "false");
await search(page, "before:soon");
await page.getByText("This search is not possible").waitFor();
await page.getByText("the date soon").first().waitFor();
ok("an unopened message is found by its subject only; an invalid query is explained");

// P-16
await page.goto(`${base}/settings`);
const choose = async (testid, value) =>
  kept(page, () => page.getByTestId(testid).selectOption(value), "/api/preferences");
await choose("preference-undoSecs", "30");
await choose("preference-confirmOutside", "never");
await accessible(page, "settings");
await page.reload();
await soon(async () => {
  assert.equal(await page.getByTestId("preference-undoSecs").inputValue(), "30");
  assert.equal(await page.getByTestId("preference-confirmOutside").inputValue(), "never");
});
ok("mail settings are saved on the server");

// Desktop notifications appear only if they were enabled, and reveal nothing of a message.
await page.getByTestId("notices").click();
await page.getByTestId("notices-refused").waitFor();
await page.locator("[data-testid=notices]:not(:checked)").waitFor();
await page.context().grantPermissions(["notifications"], { origin: base });
await page.evaluate(() => {
  const Real = globalThis.Notification;
  globalThis.noticed = [];
  globalThis.Notification = class extends Real {
    constructor(title, options) {
      super(title, options);
      globalThis.noticed.push(`${title}: ${options.body} (${options.tag})`);
    }
  };
});
const noticed = () => page.evaluate(() => globalThis.noticed);
const noticedCount = (count) =>
  page.waitForFunction((count) => globalThis.noticed.length === count, count);
await page.getByTestId("notices").check();
await noticedCount(1);
// While the page has the focus, a new message causes no notification.
await page.getByTestId("place-mail").click();
await row(page, await deliver(me, message("Seen as it comes", "Secret one."))).waitFor();
await page.evaluate(() => dispatchEvent(new Event("blur")));
await page.waitForFunction(async () => {
  const { held } = await navigator.locks.query();
  return !held.some(({ name }) => name === "postern.looking");
});
await row(page, await deliver(me, message("Came unseen", "Secret two."))).waitFor();
await noticedCount(2);
await row(page, await deliver(me, message("Came unseen too", "Secret three."))).waitFor();
await noticedCount(3);
assert.deepEqual((await soon(noticed)).slice(1), [
  "Postern: You have 1 new message. (postern)",
  "Postern: You have 2 new messages. (postern)",
]);
await page.evaluate(() => dispatchEvent(new Event("focus")));
await page.goto(`${base}/settings`);
// The setting is saved in this browser.
await page.locator("[data-testid=notices]:checked").waitFor();
ok("desktop notifications announce mail, without its content, while the page lacks the focus");

// A filter applies to new mail, which stays unopened.
await page.getByTestId("filter-add").click();
await page.getByTestId("filter-problem").filter({ hasText: "Enter a sender" }).waitFor();
await page.getByTestId("filter-subject").fill("invoice");
await page.getByTestId("filter-mailbox").selectOption({ label: "Archive" });
await page.getByTestId("filter-star").check();
await page.getByTestId("filter-add").click();
await page.getByTestId("filter-line").filter({ hasText: "“invoice”: move to Archive, add a star" }).waitFor();
await accessible(page, "filters");
const bill = await deliver(me, message("Your INVOICE of May", "Please pay."));
await page.goto(`${base}/mail/archive`);
await row(page, bill).waitFor();
await is(row(page, bill), "data-opened", "false");
await is(row(page, bill).getByTestId("row-star"), "aria-pressed", "true");
ok("a filter files new mail");

// Enter activates the focused element, and a reply can be typed at once: its letters are not
// shortcuts.
await row(page, bill).getByTestId("row-link").click();
await page.getByTestId("open").focus();
await page.keyboard.press("Enter");
await page.getByTestId("text").filter({ hasText: "Please pay." }).waitFor();
await page.getByTestId("text").click();
await page.keyboard.press("r");
await page.getByTestId("composer").waitFor();
await page.locator("[data-testid=composer-body]:focus").waitFor();
await page.keyboard.type("e#! are only letters here");
await page.getByTestId("composer-to").fill("bob");
await page.getByTestId("composer-send").focus();
await page.keyboard.press("Enter");
await page.getByTestId("composer-problem").filter({ hasText: "bob" }).waitFor();
await page.getByTestId("composer-to").fill("");
await page.getByTestId("composer-close").click();
await page.getByTestId("composer").waitFor({ state: "detached" });
await row(page, bill).waitFor();
await page.goto(`${base}/mail/drafts`);
await page.getByTestId("draft").first().click();
await soon(async () => {
  const body = await page.getByTestId("composer-body").inputValue();
  assert.match(body, /e#! are only letters here/);
});
await page.getByTestId("composer-discard").focus();
await page.keyboard.press("Enter");
await page.getByTestId("composer").waitFor({ state: "detached" });
await page.getByTestId("draft").waitFor({ state: "detached" });
ok("a reply is written by the keyboard, and kept as a draft until it is discarded");

// Files are previewed without being saved, and can be saved all at once.
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR42mNQSFiABzGMSmNDAPCjcIFD5XWiAAAAAElFTkSuQmCC";
const filePart = (type, name, encoding, text) =>
  ["--files", `Content-Type: ${type}`, `Content-Disposition: attachment; filename="${name}"`,
    `Content-Transfer-Encoding: ${encoding}`, "", text].join("\r\n");
const withFiles = await deliver(
  me,
  message(
    "Two files",
    [filePart("image/png", "square.png", "base64", PNG),
      filePart("text/plain; charset=utf-8", "notes.txt", "8bit", "<b>Only text</b> נייר"),
      "--files--", ""].join("\r\n"),
    "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=files",
  ),
);
await page.goto(`${base}/mail/inbox/${withFiles}`);
await page.getByTestId("open").click();
await page.getByTestId("preview").first().click();
const picture = page.getByTestId("preview-image");
await picture.waitFor();
await page.waitForFunction(() => document.querySelector("[data-testid=preview-image]").naturalWidth === 10);
await accessible(page, "a picture looked at");
await page.keyboard.press("Escape");
await page.getByTestId("preview").nth(1).click();
await reads(page.getByTestId("preview-text"), /^<b>Only text<\/b> נייר\s*$/);
await accessible(page, "a text looked at");
await page.keyboard.press("Escape");
await page.getByTestId("preview-box").waitFor({ state: "detached" });
const zipping = page.waitForEvent("download");
await page.getByTestId("download-all").click();
const zipped = await zipping;
assert.equal(zipped.suggestedFilename(), `${withFiles}.zip`);
assert.equal(readFileSync(await zipped.path()).subarray(0, 2).toString(), "PK");
ok("files are previewed, and saved all at once");

// Remote images are loaded only on request, and only from our server. (No server has this address;
// the tests of the API show what a real one returns.)
const newsletter = await deliver(
  me,
  message(
    "News of the pond",
    '<p>Spring</p><img src="https://pictures.invalid/heron.png" width="40" height="40" alt="A heron">',
    "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8",
  ),
);
await page.goto(`${base}/mail/inbox/${newsletter}`);
await page.getByTestId("open").click();
await page.getByTestId("pictures").filter({ hasText: "1 remote image" }).waitFor();
const shownImages = () =>
  page.frameLocator("[data-testid=frame]").locator("img").evaluateAll((all) =>
    all.map((one) => one.getAttribute("src")),
  );
await soon(async () => assert.deepEqual(await shownImages(), [null]));
await accessible(page, "pictures left out");
await page.getByTestId("pictures-show").click();
await soon(async () => {
  const [from] = await shownImages();
  assert.match(from, /^\/m\/[\w-]{43}\/from\/[\w-]+$/);
});
await page.getByTestId("pictures").waitFor({ state: "detached" });
await page.getByTestId("pictures-missing").filter({ hasText: "1 image could not" }).waitFor();
ok("remote images are loaded on request, from our server");

// Senders of past mail are suggested as recipients.
await page.keyboard.press("c");
await page.getByTestId("composer-to").pressSequentially("rach");
await page
  .locator("datalist option[value='rachel@partner.example']")
  .waitFor({ state: "attached" });
await page.keyboard.press("Escape");
await page.getByTestId("composer").waitFor({ state: "detached" });
ok("recipients are suggested from past mail");

// A message is dragged to a folder; the palette finds places by a few letters of their names.
const kite = await deliver(me, message("Kites", "High up."));
await page.goto(`${base}/mail/inbox`);
// A list that reloads during the drag drops what is being dragged.
const archiveBox = page.locator("[data-testid=mailbox][data-mailbox=archive]");
const drag = async () => {
  if ((await row(page, kite).count()) > 0)
    await row(page, kite).dragTo(archiveBox, { timeout: ATTEMPT_MS });
  await row(page, kite).waitFor({ state: "detached", timeout: ATTEMPT_MS });
};
await row(page, kite).waitFor();
await kept(page, () => soon(drag), "/api/messages");
await page.keyboard.press("Control+k");
// Typed blind: the focus is where the dialog begins.
await page.getByTestId("palette-field").waitFor();
await page.keyboard.type("archi");
await page.getByTestId("palette-item").filter({ hasText: "Archive" }).first().waitFor();
await page.keyboard.press("Escape");
await page.goto(`${base}/mail/archive`);
await row(page, kite).waitFor();
ok("a message is dragged to a folder");

// Mail is imported from a file without duplicates, and exported unchanged.
await page.goto(`${base}/settings`);
const mbox =
  "From a@x Mon Mar  2 10:00:00 2020\nFrom: Eve <eve@x.example>\nMessage-ID: <old1@x>\n" +
  "Subject: Old one\n\n>From the pond\n\nFrom b@x Mon Mar  2 11:00:00 2020\n" +
  "From: Eve <eve@x.example>\nMessage-ID: <old2@x>\nSubject: Old two\n\nText\n";
const bring = async () => {
  const files = page.getByTestId("import-files");
  await files.setInputFiles({ name: "old.mbox", mimeType: "application/mbox", buffer: Buffer.from(mbox) });
  await page.getByTestId("import").click();
};
await bring();
await page.getByTestId("transfer-counts").filter({ hasText: "2 messages imported, 0" }).waitFor();
await bring();
await page.getByTestId("transfer-counts").filter({ hasText: "0 messages imported, 2" }).waitFor();
assert.match(await page.getByTestId("import-show").getAttribute("href"), /\/mail\/archive$/);
await page.getByTestId("export-mailbox").selectOption("archive");
const saving = page.waitForEvent("download");
await page.getByTestId("export").click();
const saved = readFileSync(await (await saving).path(), "utf8");
assert.match(saved, /^From eve@x\.example .*\nFrom: Eve[^]*Old one\n\n>From the pond\n/m);
assert.match(saved, /Subject: Old two/);
assert.ok(!saved.includes("High up."), "what was not opened stays");
ok("mail is imported from a file without duplicates, and exported to one");

// P-06: settings made here apply wherever the user signs in.
await page.getByTestId("theme-dark").check();
await page.getByTestId("signature").fill("Best wishes, me");
const choice = () => page.getByTestId("zone").selectOption("Pacific/Auckland");
await kept(page, choice, "/api/appearance", "Pacific/Auckland");
await page.getByTestId("password-old").waitFor();

// P-13
const other = await profile(browser);
await signIn(other, user);
await other.locator("html[data-theme=dark]").waitFor();
await other.keyboard.press("c");
await other.getByTestId("composer-body").filter({ hasText: "Best wishes, me" }).waitFor();
await other.keyboard.press("Escape");
await other.getByTestId("composer").waitFor({ state: "detached" });
await other.goto(`${base}/settings`);
// The page is shown before the settings are loaded.
const zone = other.getByTestId("zone").locator('option:checked[value="Pacific/Auckland"]');
await zone.waitFor({ state: "attached" });
ok("appearance, signature and time zone follow the user");
await page.getByTestId("password-old").fill("not it");
await page.getByTestId("password-new").fill(NEW);
await page.getByTestId("password-submit").click();
await page.getByTestId("password-problem").filter({ hasText: "password is incorrect" }).waitFor();
await page.getByTestId("password-old").fill(password);
await page.getByTestId("password-submit").click();
await page.getByText("Your password has been changed", { exact: false }).first().waitFor();
await other.getByTestId("sign-in-password").waitFor();
// It was ended here, and not by time: nothing of the page is in sight there.
await other.getByTestId("place-mail").waitFor({ state: "hidden" });
ok("a password change signs out every other browser, which shows nothing any more");

await page.getByTestId("recovery-password").fill(NEW);
await page.getByTestId("recovery-submit").click();
const key = await reads(page.getByTestId("recovery-key"), /^[0-9a-z-]{40,}$/);
await accessible(page, "recovery key");
await page.getByTestId("recovery-key-done").click();
await silent(page, key);

// A phone, in Hebrew: the password is lost, but the recovery key is not.
const phone = await profile(browser, {
  viewport: { width: 320, height: 640 },
  hasTouch: true,
  locale: "he-IL",
});
await phone.goto(`${base}/`);
await phone.getByTestId("lost").click();
await phone.getByTestId("recover-name").fill(user);
await phone.getByTestId("recover-key").fill("0000-0000");
await phone.getByTestId("recover-new").fill(THIRD);
await phone.getByTestId("recover-submit").click();
await phone.getByTestId("recover-problem").filter({ hasText: /\S/ }).waitFor();
await noSidewaysScroll(phone, "lost password on a phone, in Hebrew");
await accessible(phone, "lost password on a phone, in Hebrew");
await phone.getByTestId("recover-key").fill(key.toUpperCase());
await phone.getByTestId("recover-submit").click();
await reads(phone.getByTestId("recover-next"), /^[0-9a-z-]{40,}$/);
await arriving(phone, () => phone.getByTestId("recover-next-done").click());
await phone.getByTestId("place-mail").waitFor();
await phone.locator("html[dir=rtl]").waitFor();
await search(phone, "heron");
await row(phone, heron).waitFor();
await noSidewaysScroll(phone, "search results on a phone, in Hebrew");
await accessible(phone, "search results on a phone, in Hebrew");
await row(phone, heron).getByTestId("row-link").click();
await phone.getByTestId("text").filter({ hasText: "heron" }).waitFor();
await phone.goto(`${base}/settings`);
await phone.getByTestId("preference-undoSecs").waitFor();
await noSidewaysScroll(phone, "settings on a phone, in Hebrew");
await accessible(phone, "settings on a phone, in Hebrew");
ok("the recovery key restores the account with all its mail");

await browser.close();
// Chromium logs the 422 for the invalid query, and the 502 for the remote image that does not
// exist.
const noted = (status) => problems.filter((one) => one.includes(`status of ${status}`)).length;
assert.ok(noted(422) >= 1);
const rest = problems.filter((one) => !/^console: .*status of (422|502)/.test(one));
assert.deepEqual(rest, []);
ok("no cookie, no console error, no policy report, no other origin");
console.log("done");
