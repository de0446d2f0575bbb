// The address book: adding, finding, editing, deleting and undoing, importing, merging, asking
// somebody, and what the composer and the reader make of it. By mouse and keyboard, at 320 px, in
// Hebrew. P-48, P-49, P-50, P-51
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import {
  accessible,
  base,
  deliver,
  kept,
  launch,
  message,
  noSidewaysScroll,
  ok,
  picture,
  problems,
  profile,
  reads,
  signIn,
  soon,
} from "./support.mjs";

const me = process.env.POSTERN_ADDRESS;
const other = me.replace("u1", "u2");
const browser = await launch();
const page = await profile(browser, { viewport: { width: 1280, height: 800 } });
await signIn(page, me.split("@")[0]);

// By the mouse.
await page.getByTestId("place-people").click();
await page.waitForURL("**/contacts");
await page.getByTestId("empty").first().waitFor();
await accessible(page, "no contacts");
await page.getByTestId("contact-new").click();
await page.getByTestId("contact-given").fill("Noa");
await page.getByTestId("contact-family").fill("Peled");
await page.getByTestId("contact-company").fill("Harbour Books");
await page.getByTestId("contact-emails-add").click();
await page.getByTestId("contact-emails").locator("[data-value]").fill("noa@partner.example");
await page.getByTestId("contact-phones-add").click();
await page.getByTestId("contact-phones").locator("[data-value]").fill("+972 50 555");
await page.getByTestId("contact-birthday").fill("--05-04");
await page.getByTestId("contact-labels").fill("Friends, Sailing");
await page.getByTestId("contact-notes").fill("Has a blue boat.");
await accessible(page, "a contact that is written");
await picture(page, "contact-form");
await kept(page, () => page.getByTestId("contact-save").click(), "/api/contacts");
await reads(page.getByTestId("contact-name"), /^Noa Peled$/);
await reads(page.getByTestId("contact-row").first(), /Noa Peled/);
await accessible(page, "a contact");
await picture(page, "contact");
ok("a contact is added");

// A name beside the wrong address, and another name beside the right one, are pointed at.
const said = async (sender, subject) => {
  const text = message(subject, "Hello.").replace("Rachel Stern <rachel@partner.example>", sender);
  const reference = await deliver(me, text);
  await page.goto(`${base}/mail/inbox/${reference}`);
  await page.getByTestId("open").click();
  await page.getByTestId("text").first().waitFor();
};
// No check says that it comes from there, so the address book does not, either.
await said("Noa Peled <noa@partner.example>", "The one");
await reads(page.getByTestId("book-known"), /belongs to Noa Peled\. It was not confirmed/);
await said("Somebody Else <noa@partner.example>", "Another name");
await reads(page.getByTestId("book-known"), /belongs to Noa Peled\. The message uses another name/);
await said("Noa Peled <noa@stranger.example>", "Another address");
await reads(page.getByTestId("book-namesake"), /Noa Peled has another address/);
await accessible(page, "a namesake");
ok("the reader says what the address book knows");

// The composer offers contacts.
await page.getByTestId("compose-button").click();
await page.getByTestId("composer-to").fill("Pele");
await soon(async () => {
  const offered = page.locator('datalist option[value="noa@partner.example"]');
  assert.ok((await offered.count()) > 0);
});
await page.getByTestId("composer-to").fill("");
await page.getByTestId("composer-close").click();
ok("the composer offers contacts");

// Many contacts: few are drawn, all are reached.
const cards = Array.from(
  { length: 1_200 },
  (_, at) => `BEGIN:VCARD\nVERSION:3.0\nUID:c${at}\nFN:Card ${String(at).padStart(4, "0")}\n` +
    `EMAIL:c${at}@cards.example\nX-COLOUR:blue\nEND:VCARD\n`,
).join("");
await page.goto(`${base}/contacts/transfer`);
await page.getByTestId("contacts-files").setInputFiles({
  name: "book.vcf",
  mimeType: "text/vcard",
  buffer: Buffer.from(`${cards}BEGIN:VCARD\nFN:Cut off\n`),
});
await page.getByTestId("contacts-import").click();
await reads(page.getByTestId("contacts-imported"), /Added: 1201/);
await reads(page.getByTestId("contacts-report"), /contact 1201/);
await accessible(page, "import and export");
await page.getByTestId("contacts-import").click();
await reads(page.getByTestId("contacts-imported"), /Added: 0\. Completed: 0\. Unchanged: 1201/);
const rows = page.getByTestId("contact-row");
await soon(async () => assert.ok((await rows.count()) > 5));
assert.ok((await rows.count()) <= 60, `${await rows.count()} rows are drawn`);
await rows.first().focus();
await page.keyboard.press("End");
await page.locator("[data-testid=contact-row]:focus", { hasText: "Noa Peled" }).waitFor();
assert.ok((await rows.count()) <= 60, `${await rows.count()} rows are drawn at the end`);
await page.keyboard.press("Enter");
await reads(page.getByTestId("contact-name"), /^Noa Peled$/);
await page.getByTestId("contacts-search").fill("c1100@");
await soon(async () => assert.equal(await rows.count(), 1));
await page.getByTestId("contacts-search").fill("");
await page.getByTestId("contacts-part").selectOption("Sailing");
await soon(async () => assert.equal(await rows.count(), 1));
await page.getByTestId("contacts-part").selectOption("");
ok("many contacts are listed and found");

// Everything is in the file that is taken out.
await page.goto(`${base}/contacts/transfer`);
const [file] = await Promise.all([
  page.waitForEvent("download"),
  page.getByTestId("contacts-export").click(),
]);
const text = readFileSync(await file.path(), "utf8");
assert.equal(text.match(/^END:VCARD\r$/gm).length, 1_202);
assert.equal(text.match(/^X-COLOUR:blue\r$/gm).length, 1_200);
ok("nothing is lost");

// Editing, deleting and undoing, by the keyboard.
await page.getByTestId("contacts-search").fill("boat");
await soon(async () => assert.equal(await rows.count(), 1));
await rows.first().focus();
await page.keyboard.press("Enter");
await page.getByTestId("contact-edit").focus();
await page.keyboard.press("Enter");
await page.getByTestId("contact-nickname").fill("Captain");
await kept(page, () => page.keyboard.press("Enter"), "/api/contacts");
await reads(page.getByTestId("contact-detail"), /Captain/);
await kept(page, () => page.getByTestId("contact-star").click(), "/api/contacts");
await page.getByTestId("contact-delete").focus();
await kept(page, () => page.keyboard.press("Enter"), "/api/contacts");
await page.getByTestId("contact-detail").waitFor({ state: "detached" });
await kept(page, () => page.getByTestId("toast-undo").click(), "/restore");
await reads(page.getByTestId("contact-name"), /^Noa Peled$/);
ok("a contact that was deleted comes back");

// Two contacts with one address are merged, and parted again.
await page.getByTestId("contact-new").click();
await page.getByTestId("contact-given").fill("N. P.");
await page.getByTestId("contact-emails-add").click();
await page.getByTestId("contact-emails").locator("[data-value]").fill("NOA@partner.example");
await kept(page, () => page.getByTestId("contact-save").click(), "/api/contacts");
await page.goto(`${base}/contacts/duplicates`);
await page.getByTestId("duplicates").waitFor();
await accessible(page, "duplicates");
assert.ok(await page.getByTestId("duplicates-merge").isDisabled(), "nobody was chosen");
for (const one of await page.getByTestId("duplicates-choose").all()) await one.check();
await kept(page, () => page.getByTestId("duplicates-merge").click(), "/merge");
const parted = page.waitForResponse((answer) => answer.request().method() === "DELETE");
await kept(page, () => page.getByTestId("toast-undo").click(), "/restore");
assert.ok((await parted).ok());
ok("duplicates are merged");

// Somebody is asked to add a contact, and answers above the message.
await page.goto(`${base}/contacts`);
await page.getByTestId("contacts-search").fill("boat");
await soon(async () => assert.equal(await rows.count(), 1));
await rows.first().click();
await page.getByTestId("contact-share").click();
await page.getByTestId("ask-to").fill(other);
await accessible(page, "asking somebody");
await kept(page, () => page.getByTestId("ask-send").click(), "/requests");
const asked = await profile(browser, { viewport: { width: 320, height: 640 }, locale: "he-IL" });
await signIn(asked, other.split("@")[0]);
await asked.goto(`${base}/contacts/requests`);
await asked.getByTestId("contact-request").waitFor();
await accessible(asked, "a request in Hebrew at 320 px");
await noSidewaysScroll(asked, "a request at 320 px");
await picture(asked, "contact-request-he");
await kept(asked, () => asked.getByTestId("request-allow").click(), "/requests/");
await asked.goto(`${base}/contacts`);
await asked.getByTestId("contact-row").first().click();
await reads(asked.getByTestId("contact-name"), /^Noa Peled$/);
await accessible(asked, "a contact in Hebrew at 320 px");
await noSidewaysScroll(asked, "a contact at 320 px");
await asked.getByTestId("contact-edit").click();
await accessible(asked, "editing in Hebrew at 320 px");
await noSidewaysScroll(asked, "editing at 320 px");
await page.goto(`${base}/contacts/requests`);
await reads(page.getByTestId("request-sent"), /Allowed/);
ok("a request is answered");

await browser.close();
assert.deepEqual(problems, []);
console.log("done");
