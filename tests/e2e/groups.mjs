// Groups: one is created with the mouse, another with the keyboard; members come and go, and see at
// once what they may see. P-84
import assert from "node:assert/strict";
import {
  accessible,
  base,
  launch,
  ok,
  onPhones,
  picture,
  problems,
  profile,
  reads,
  signIn,
  soon,
  tabTo,
} from "./support.mjs";

const [user, domain] = process.env.POSTERN_ADDRESS.split("@");
const omar = `u2@${domain}`;
const browser = await launch();
const page = await profile(browser, { viewport: { width: 1280, height: 800 } });
const other = await profile(browser, { viewport: { width: 1280, height: 800 } });
const row = (where, name) => where.getByTestId("group-row").filter({ hasText: name });
const member = (where, address) => where.locator(`[data-testid=member][data-address="${address}"]`);

await signIn(page, user);
await signIn(other, "u2");

// With the mouse: an open group with an address.
await page.getByTestId("place-groups").click();
await page.waitForURL("**/groups");
await accessible(page, "no groups");
await page.getByTestId("group-new").click();
await page.getByTestId("group-save").click();
await reads(page.getByTestId("group-problem"), /\S/);
await page.getByTestId("group-name").fill("Heron watch");
await page.getByTestId("group-description").fill("Who counts the herons");
await page.getByTestId("group-kind").selectOption("open");
await page.getByTestId("group-address").fill(`herons@${domain}`);
await accessible(page, "a new group");
await page.getByTestId("group-save").click();
await reads(page.getByTestId("group-title"), /^Heron watch$/);
assert.match(new URL(page.url()).pathname, /^\/groups\/[0-9a-f]{32}$/, "no name in the address");
assert.ok(!(await page.title()).includes("Heron"), "nor in the title");
await page.getByTestId("member-address").fill(`nobody@${domain}`);
await page.getByTestId("member-add").click();
await reads(page.getByTestId("member-problem"), /\S/);
await page.getByTestId("member-address").fill(omar);
await page.getByTestId("member-add").click();
await member(page, omar).waitFor();
await accessible(page, "a group");
await picture(page, "group");
ok("a group is created, and a member added");

// The member sees it without a reload, and every change.
await other.getByTestId("place-groups").click();
await row(other, "Heron watch").click();
await reads(other.getByTestId("group-title"), /^Heron watch$/);
await reads(other.getByTestId("group-changes"), /added/);
assert.equal(await other.getByTestId("member-add").count(), 0, "a member adds nobody");

// Mail to its address arrives, and bears the group's name.
await page.getByTestId("compose-button").click();
const composer = page.getByTestId("composer");
await composer.getByTestId("composer-to").fill(`herons@${domain}`);
await composer.getByTestId("composer-to").press("Enter");
await composer.locator('[data-testid=chip][data-route="inside"]').waitFor();
await composer.getByTestId("composer-subject").fill("Nests");
await composer.getByTestId("composer-body").click();
await page.keyboard.type("The heron nests at noon.");
await composer.getByTestId("composer-send").click();
await composer.waitFor({ state: "detached" });
await other.getByTestId("place-mail").click();
await other.getByTestId("row").filter({ hasText: "Nests" }).getByTestId("row-link").click();
await other.getByTestId("open").click();
await reads(other.getByTestId("group-badge"), /Heron watch/);
await accessible(other, "a message of a member");
await picture(other, "group-badge");
ok("a message of a member bears the group's name");

// It is changed; who looks at it sees the change.
await other.getByTestId("place-groups").click();
await row(other, "Heron watch").click();
await page.getByTestId("place-groups").click();
await row(page, "Heron watch").click();
await page.getByTestId("group-edit").click();
await page.getByTestId("group-name").fill("Heron and egret watch");
await page.getByTestId("group-save").click();
await reads(page.getByTestId("group-title"), /egret/);
await reads(other.getByTestId("group-title"), /egret/);

// Removed: it is gone at once.
await member(page, omar).getByTestId("member-remove").click();
await accessible(page, "somebody is to be removed");
await page.getByTestId("confirm-yes").click();
await member(page, omar).waitFor({ state: "detached" });
await other.getByTestId("group-title").waitFor({ state: "detached" });
await other.getByTestId("groups-all").click();
await soon(async () => assert.equal(await row(other, "egret").count(), 0));
ok("who is removed sees nothing more");

// With the keyboard alone.
await page.goto(`${base}/groups`);
await page.getByTestId("group-new").waitFor();
await tabTo(page, "group-new");
await page.keyboard.press("Enter");
await tabTo(page, "group-name");
await page.keyboard.type("Quiet group");
await tabTo(page, "group-kind");
await page.keyboard.press("End");
await soon(async () => assert.equal(await page.getByTestId("group-kind").inputValue(), "closed"));
await tabTo(page, "group-save");
await page.keyboard.press("Enter");
await reads(page.getByTestId("group-title"), /^Quiet group$/);
await tabTo(page, "member-address");
await page.keyboard.type("u2");
await page.keyboard.press("Enter");
await member(page, omar).waitFor();
await tabTo(page, "member-manager");
ok("the same with the keyboard");

// On a phone, in Hebrew.
await onPhones(browser, "u2", async (phone, stands, locale) => {
  await phone.getByTestId("place-groups").click();
  await row(phone, "Quiet group").waitFor();
  await stands("groups");
  await row(phone, "Quiet group").click();
  await reads(phone.getByTestId("group-title"), /^Quiet group$/);
  await stands("a group");
  await picture(phone, `group-phone-${locale}`);
  if (locale === "he-IL") {
    await phone.getByTestId("group-leave").click();
    await phone.getByTestId("confirm-yes").click();
    await phone.waitForURL("**/groups");
    await soon(async () => assert.equal(await row(phone, "Quiet group").count(), 0));
  }
});

// And deleted.
await page.getByTestId("group-drop").click();
await page.getByTestId("confirm-yes").click();
await page.waitForURL("**/groups");
await soon(async () => assert.equal(await row(page, "Quiet group").count(), 0));
await browser.close();
assert.deepEqual(problems, []);
console.log("done");
