// A role mailbox: a group gets postmaster, its members read and answer, and see of each other what they
// did; who is removed is back at the own mail at once. P-11, P-26
import assert from "node:assert/strict";
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
  silent,
  soon,
} from "./support.mjs";

const [user, domain] = process.env.POSTERN_ADDRESS.split("@");
const postmaster = `postmaster@${domain}`;
const browser = await launch();
const wide = { viewport: { width: 1280, height: 800 } };
const page = await profile(browser, wide);
const other = await profile(browser, wide);
const role = (where) =>
  where.locator(`[data-testid=role-mailbox][data-address="${postmaster}"]`);
const act = (where, kind) =>
  where.locator(`[data-testid=role-act][data-kind=${kind}]`);
const row = (where, subject) =>
  where.getByTestId("row").filter({ hasText: subject });

await signIn(page, user);
await signIn(other, "u2");
await silent(other, postmaster);

// An administrator gives a group the address.
await page.getByTestId("place-groups").click();
await page.getByTestId("group-new").click();
await page.getByTestId("group-name").fill("Front desk");
await page.getByTestId("group-save").click();
await reads(page.getByTestId("group-title"), /^Front desk$/);
await page.getByTestId("member-address").fill("u2");
await page.getByTestId("member-add").click();
await page
  .locator(`[data-testid=member][data-address="u2@${domain}"]`)
  .waitFor();
await page.getByTestId("role-address").fill(process.env.POSTERN_ADDRESS);
await page.getByTestId("role-add").click();
await reads(page.getByTestId("role-problem"), /\S/);
await page.getByTestId("role-address").fill(postmaster);
await page.getByTestId("role-add").click();
await page
  .locator(`[data-testid=role-row][data-address="${postmaster}"]`)
  .waitFor();
await accessible(page, "a group with a role mailbox");
await picture(page, "group-role");
ok("a group gets an address");

// Mail comes there and is counted for a member, without a reload.
await deliver(
  "postmaster",
  message("Your mail bounces", "All of it, since noon."),
);
await role(other).waitFor();
await reads(role(other), /1/);
await role(other).click();
await reads(other.getByTestId("role-shown"), new RegExp(postmaster));
assert.match(
  new URL(other.url()).pathname,
  /^\/role\/[0-9a-f]{32}\/mail\/inbox$/,
);
assert.ok(
  !(await other.title()).includes("postmaster"),
  "no address in the title",
);
await row(other, "Your mail bounces").getByTestId("row-link").click();
await reads(other.getByTestId("card-role"), /\S/);
assert.equal(
  await other.getByTestId("reject").count(),
  0,
  "a member rejects nothing",
);
await accessible(other, "a sealed message of a role");
await other.getByTestId("open").click();
await reads(other.getByTestId("text"), /since noon/);
await reads(act(other, "read"), /u2|Read by/);
await accessible(other, "a message of a role");
await picture(other, "role-message");
ok("a member reads what comes");

// The manager opens it from the page of the group, and sees who read it.
await page.getByTestId("role-open").click();
await reads(page.getByTestId("role-shown"), new RegExp(postmaster));
await row(page, "Your mail bounces").getByTestId("row-link").click();
await reads(page.getByTestId("text"), /since noon/);
await soon(async () => assert.equal(await act(page, "read").count(), 2));

// A signature of one's own.
const shown = other.url();
await other.goto(`${base}/settings`);
const said = "Omar Haddad, extension 4711";
await kept(
  other,
  async () => {
    await other.getByTestId("signature").fill(said);
    await other.getByTestId("signature").blur();
  },
  "/api/appearance",
  "4711",
);
await other.goto(shown);

// The member answers, from the address of the mailbox and without that signature; the manager sees it at
// once.
await other.getByTestId("reply-button").click();
const composer = other.getByTestId("composer");
await reads(composer.locator(".from"), new RegExp(postmaster));
assert.doesNotMatch(await composer.innerText(), /4711/);
await accessible(other, "a reply from a role mailbox");
await composer.getByTestId("composer-body").click();
await other.keyboard.type("We look into it.");
await composer.getByTestId("composer-send").click();
const consent = other.getByTestId("consent-yes");
await soon(async () => {
  if ((await consent.count()) > 0) await consent.click();
  assert.equal(await composer.count(), 0);
});
await reads(act(page, "answered"), /\S/);
await page.getByTestId("role-answer").click();
await reads(act(page, "wrote"), /\S/);
await page.goBack();
await picture(page, "role-answered");
await accessible(page, "an answered message of a role");
ok("the others see who answered");

// A reload stays there, and the way back leads to the own mail.
await other.reload();
await reads(other.getByTestId("role-shown"), new RegExp(postmaster));
await other.getByTestId("role-leave").click();
await other.waitForURL("**/mail/inbox");
await soon(async () =>
  assert.equal(await row(other, "Your mail bounces").count(), 0),
);
await role(other).click();
await row(other, "Your mail bounces").first().waitFor();
await reads(row(other, "Your mail bounces").getByTestId("row-answered"), /\S/);
ok("back to the own mail, and there again");

// On a phone, in two languages.
for (const locale of ["en-US", "he-IL"]) {
  const phone = await profile(browser, {
    viewport: { width: 320, height: 640 },
    hasTouch: true,
    isMobile: true,
    locale,
  });
  await signIn(phone, "u2");
  await phone.goto(other.url());
  await row(phone, "Your mail bounces").getByTestId("row-link").click();
  await act(phone, "answered").waitFor();
  await noSidewaysScroll(phone, `a message of a role, ${locale}`);
  await accessible(phone, `a message of a role, ${locale}`);
  await picture(phone, `role-phone-${locale}`);
  await phone.context().close();
  ok(`a phone, ${locale}`);
}

// Removed while it is open: back to the own mail.
await page.getByTestId("place-groups").click();
await page.getByTestId("group-row").filter({ hasText: "Front desk" }).click();
const member = page.locator(
  `[data-testid=member][data-address="u2@${domain}"]`,
);
await member.getByTestId("member-remove").click();
await page.getByTestId("confirm-yes").click();
await member.waitFor({ state: "detached" });
await other.getByTestId("mailbox").first().click();
await deliver("postmaster", message("Nothing for u2", "Only for who is left."));
await other.reload();
await other.waitForURL("**/mail/inbox");
await soon(async () => assert.equal(await role(other).count(), 0));
await silent(other, "Nothing for u2");
ok("who is removed reads nothing more");

// Ended: the address is free, and the group can be deleted.
await page.goto(`${base}/groups`);
await page.getByTestId("group-row").filter({ hasText: "Front desk" }).click();
await page.getByTestId("role-end").click();
await accessible(page, "a role mailbox is to be ended");
await page.getByTestId("confirm-yes").click();
await page.getByTestId("role-row").waitFor({ state: "detached" });
await page.getByTestId("group-drop").click();
await page.getByTestId("confirm-yes").click();
await page.waitForURL("**/groups");
ok("ended");
await browser.close();
assert.deepEqual(problems, []);
console.log("done");
