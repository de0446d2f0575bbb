// Shared contacts: one field is shared with one person, and seen; a secretary changes and adds, and the
// owner sees who, and undoes it. By mouse and keyboard, at 320 px, in Hebrew. P-52, P-54, P-55
import assert from "node:assert/strict";
import {
  accessible,
  base,
  kept,
  launch,
  noSidewaysScroll,
  ok,
  person,
  picture,
  problems,
  reads,
  soon,
} from "./support.mjs";

const me = process.env.POSTERN_ADDRESS;
const other = me.replace("u1", "u2");
const browser = await launch();
const page = await person(browser, me.split("@")[0]);
const small = { viewport: { width: 320, height: 640 }, locale: "he-IL" };
const secretary = await person(browser, other.split("@")[0], small);

await page.goto(`${base}/contacts/new`);
await page.getByTestId("contact-given").fill("Noa");
await page.getByTestId("contact-company").fill("Harbour Books");
await page.getByTestId("contact-phones-add").click();
await page.getByTestId("contact-phones").locator("[data-value]").fill("+972 50 555");
await page.getByTestId("contact-notes").fill("Has a blue boat.");
await kept(page, () => page.getByTestId("contact-save").click(), "/api/contacts");
await reads(page.getByTestId("contact-name"), /^Noa$/);

// One field, with one person.
await page.getByTestId("contact-sharing").click();
await page.getByTestId("reader-address").fill(other);
await page.getByTestId("reader-add").click();
await page.getByTestId("share-phones").selectOption("read");
await page.getByTestId("share-name").selectOption("hidden");
await accessible(page, "sharing a contact");
await picture(page, "share");
await kept(page, () => page.getByTestId("share-save").click(), "/sharing");
await secretary.goto(`${base}/contacts/shared`);
await secretary.getByTestId("shared-row").first().click();
await reads(secretary.getByTestId("shared-detail"), /\+972 50 555/);
const said = await secretary.getByTestId("shared-detail").textContent();
for (const hidden of ["Noa", "Harbour", "boat"]) assert.ok(!said.includes(hidden), hidden);
await accessible(secretary, "a shared contact in Hebrew at 320 px");
await noSidewaysScroll(secretary, "a shared contact at 320 px");
await secretary.goto(`${base}/contacts/shared`);
await secretary.getByTestId("shared-search").fill("boat");
await soon(async () => assert.equal(await secretary.getByTestId("shared-row").count(), 0));
await accessible(secretary, "shared contacts in Hebrew at 320 px");
ok("one field is shared with one person");

// The notes may be changed, too: the owner sees who did it, and undoes it.
await page.getByTestId("contact-sharing").click();
await page.getByTestId("share-name").selectOption("read");
await page.getByTestId("share-notes").selectOption("edit");
await kept(page, () => page.getByTestId("share-save").click(), "/sharing");
await secretary.getByTestId("shared-search").fill("noa");
await secretary.getByTestId("shared-row").first().click();
await secretary.getByTestId("shared-edit").click();
assert.equal(await secretary.getByTestId("contact-given").count(), 0, "the name may be read alone");
await secretary.getByTestId("contact-notes").fill("Has a red boat.");
await accessible(secretary, "changing a shared contact in Hebrew at 320 px");
await noSidewaysScroll(secretary, "changing a shared contact at 320 px");
await kept(secretary, () => secretary.getByTestId("contact-save").click(), "/shared/");
await reads(secretary.getByTestId("shared-detail"), /red boat/);
await page.goto(`${base}/contacts/edits`);
await reads(page.getByTestId("edit").first(), /u2.*changed.*Noa/s);
await reads(page.getByTestId("edit").first(), /blue boat.*red boat/s);
await accessible(page, "changes by others");
await picture(page, "edits");
const undo = page.getByTestId("edit-undo").first();
await undo.focus();
await kept(page, () => page.keyboard.press("Enter"), "/edits/");
await page.getByTestId("edit-undo").waitFor({ state: "detached" });
await soon(async () => {
  await secretary.reload();
  await secretary.getByTestId("shared-detail").waitFor();
  assert.match(await secretary.getByTestId("shared-detail").textContent(), /blue boat/);
});
ok("a change by somebody else is seen and undone");

// A secretary adds a contact.
await page.getByTestId("reader-address").fill(other);
await kept(page, () => page.getByTestId("reader-add").click(), "/adders");
await page.getByTestId("adder").waitFor();
await secretary.goto(`${base}/contacts/shared`);
await secretary.getByTestId("shared-add").click();
await secretary.getByTestId("contact-given").fill("Zoe");
await accessible(secretary, "adding for somebody in Hebrew at 320 px");
await noSidewaysScroll(secretary, "adding for somebody at 320 px");
await kept(secretary, () => secretary.getByTestId("contact-save").click(), "/shared/");
await page.goto(`${base}/contacts`);
await reads(page.getByTestId("contacts-list"), /Zoe/);
await page.goto(`${base}/contacts/edits`);
await reads(page.getByTestId("edit").first(), /u2.*added.*Zoe/s);
ok("a secretary adds, and the owner sees who");

await browser.close();
assert.deepEqual(problems, []);
console.log("done");
