// Groups whose members are those whom one of them attests: a manager asks, the voucher agrees, the list
// says why each is a member, and who is not attested any more is gone. P-83
import assert from "node:assert/strict";
import {
  accessible,
  base,
  kept,
  launch,
  noSidewaysScroll,
  ok,
  person,
  problems,
  reads,
  soon,
} from "./support.mjs";

const domain = process.env.POSTERN_ADDRESS.split("@")[1];
const at = (user) => `${user}@${domain}`;
const browser = await launch();
const member = (where, user) =>
  where.locator(`[data-testid=member][data-address="${at(user)}"]`);
const row = (where) =>
  where.getByTestId("group-row").filter({ hasText: "Heron watch" });

/** Opens the group from the list. */
async function opened(page) {
  await page.goto(`${base}/groups`);
  await row(page).click();
  await reads(page.getByTestId("group-title"), /^Heron watch$/);
}

const [manages, vouches, asks] = [
  await person(browser, "u2"),
  await person(browser, "u3"),
  await person(browser, "u4"),
];

// The fourth asks the third to attest, who compares the code.
await asks.goto(`${base}/colleagues`);
await asks.getByTestId("own-fingerprint").waitFor();
const code = (await asks.getByTestId("own-fingerprint").innerText())
  .replace(/\s+/g, " ")
  .trim();
await asks.getByTestId("find-colleague-input").fill("u3");
await asks.getByTestId("find-colleague-submit").click();
await asks.getByTestId("found-colleague").first().click();
await kept(
  asks,
  () => asks.getByTestId("vouch-ask").click(),
  "/api/vouching/requests",
);
await vouches.goto(`${base}/colleagues`);
await vouches.getByTestId("vouch-compare").first().click();
await vouches.getByTestId("vouch-code").fill(code);
await kept(
  vouches,
  () => vouches.getByTestId("vouch-submit").click(),
  "/api/vouching/attestations",
);

// A group, whose manager asks the third to vouch for its members.
await manages.goto(`${base}/groups`);
await manages.getByTestId("group-new").click();
await manages.getByTestId("group-name").fill("Heron watch");
await manages.getByTestId("group-save").click();
await reads(manages.getByTestId("group-title"), /^Heron watch$/);
await manages.getByTestId("member-address").fill(at("u3"));
await manages.getByTestId("member-add").click();
await member(manages, "u3").waitFor();
await manages.getByTestId("voucher-member").selectOption({ label: "User 3" });
await kept(
  manages,
  () => manages.getByTestId("voucher-ask").click(),
  "/voucher",
);
await reads(manages.getByTestId("voucher-state"), /User 3/);
assert.equal(
  await manages.getByTestId("voucher-agree").count(),
  0,
  "nobody agrees for another",
);
await accessible(manages, "a voucher was asked");
ok("a member is asked to vouch");

// The third reads what that means, and agrees.
await opened(vouches);
await vouches.getByTestId("voucher-agree").waitFor();
await accessible(vouches, "asked to vouch");
await kept(
  vouches,
  () => vouches.getByTestId("voucher-agree").click(),
  "/voucher",
);
await vouches.getByTestId("voucher-agree").waitFor({ state: "detached" });
await reads(member(vouches, "u4").getByTestId("member-by"), /voucher/);
await reads(member(vouches, "u3").getByTestId("member-by"), /Vouches/);
assert.equal(
  await member(vouches, "u2").getByTestId("member-by").count(),
  0,
  "who was named",
);
await member(manages, "u4").waitFor();
await manages.getByTestId("member-add").waitFor({ state: "detached" });
assert.equal(
  await member(manages, "u4").getByTestId("member-remove").count(),
  0,
);
await accessible(manages, "a group with a voucher");
await opened(asks);
await member(asks, "u4").waitFor();
ok("whom the voucher attests is a member, and the list says why");

// On a phone, in Hebrew.
const phone = await person(browser, "u3", {
  viewport: { width: 320, height: 640 },
  hasTouch: true,
  isMobile: true,
  locale: "he-IL",
});
await opened(phone);
await member(phone, "u4").getByTestId("member-by").waitFor();
await noSidewaysScroll(phone, "a group with a voucher");
await accessible(phone, "a group with a voucher, on a phone");
await phone.context().close();
ok("a phone");

// Revoked: gone, for both.
await vouches.goto(`${base}/colleagues`);
await vouches.getByTestId("vouch-revoke").first().click();
await kept(
  vouches,
  () => vouches.getByTestId("confirm-yes").click(),
  "/api/vouching/attestations",
);
await member(manages, "u4").waitFor({ state: "detached" });
await asks.getByTestId("group-title").waitFor({ state: "detached" });
await asks.getByTestId("groups-all").click();
await soon(async () => assert.equal(await row(asks).count(), 0));
ok("who is attested no more is gone");

// Ending the agreement is asked about, since people leave the group by it.
await manages.getByTestId("voucher-end").click();
await accessible(manages, "the question whether to end the agreement");
await manages.getByTestId("confirm").getByRole("button").first().click();
await manages.getByTestId("confirm").waitFor({ state: "detached" });
await reads(manages.getByTestId("voucher-state"), /User 3/);
await manages.getByTestId("voucher-end").click();
await kept(
  manages,
  () => manages.getByTestId("confirm-yes").click(),
  "/voucher",
);
await manages.getByTestId("voucher-ask").waitFor();
ok("the agreement is ended after a question");

await browser.close();
assert.deepEqual(problems, []);
console.log("done");
