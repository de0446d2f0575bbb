// Vouching in the browser: ask, compare by code, attest, the badge on a message, revoke, gone.
// By the mouse at 1280 px and by the keyboard at 320 px in Hebrew. P-21, P-80, P-81, P-82
import assert from "node:assert/strict";
import {
  accessible,
  base,
  kept,
  launch,
  noSidewaysScroll,
  ok,
  problems,
  profile,
  reads,
  signIn,
  soon,
} from "./support.mjs";

const domain = process.env.POSTERN_ADDRESS.split("@")[1];
const [dana, omar, noa] = ["u2", "u3", "u4"];
const hands = process.env.POSTERN_HANDS ?? "mouse";
const narrow = hands === "keyboard";
const viewport = narrow
  ? { width: 320, height: 640 }
  : { width: 1280, height: 800 };

const browser = await launch();

/** Presses a button or follows a link. */
async function press(page, testid) {
  const one = page.getByTestId(testid).first();
  await one.waitFor();
  if (hands === "mouse") return one.click();
  await one.focus();
  await page.keyboard.press("Enter");
}

/** Fills a field with what is typed. */
async function type(page, testid, text) {
  const field = page.getByTestId(testid);
  await field.waitFor();
  if (hands === "mouse") return field.fill(text);
  await field.focus();
  await page.keyboard.type(text);
}

async function person(user) {
  const page = await profile(browser, { viewport, hasTouch: narrow });
  await signIn(page, user);
  if (narrow) {
    await page.goto(`${base}/settings`);
    await kept(
      page,
      () => page.getByTestId("language").selectOption("he"),
      "/api/appearance",
    );
  }
  return page;
}

async function looked(page, name) {
  await accessible(page, name);
  await noSidewaysScroll(page, name);
}

/** Sends a message, and returns once it has left. */
async function send(page, to, subject, signed) {
  await page.goto(`${base}/mail/inbox`);
  await press(page, "compose-button");
  await type(page, "composer-to", `${to}@${domain}`);
  await page.keyboard.press("Enter");
  await type(page, "composer-subject", subject);
  await page.getByTestId("composer-body").click();
  await page.keyboard.type("The plan is on the table.");
  const sign = page.getByTestId("composer-sign");
  await sign.waitFor();
  assert.equal(await sign.getAttribute("aria-pressed"), "true");
  if (!signed) {
    await press(page, "composer-sign");
    assert.equal(await sign.getAttribute("aria-pressed"), "false");
  }
  await kept(page, () => press(page, "composer-send"), "/api/submissions");
}

/** Opens the message with this subject in the inbox. */
async function read(page, subject) {
  await page.goto(`${base}/mail/inbox`);
  const row = page.getByTestId("row-link").filter({ hasText: subject });
  await row.waitFor();
  await row.click();
  const [open, details] = [
    page.getByTestId("open"),
    page.getByTestId("details"),
  ];
  await soon(async () =>
    assert.ok((await open.isVisible()) || (await details.isVisible())),
  );
  if (await open.isVisible()) await open.click();
  await details.waitFor();
}

const asks = await person(dana);
const vouches = await person(omar);
const reader = await person(noa);

// Dana looks for Omar, and asks.
await asks.goto(`${base}/colleagues`);
await asks.getByTestId("own-fingerprint").waitFor();
await looked(asks, "colleagues");
const code = (await asks.getByTestId("own-fingerprint").innerText())
  .replace(/\s+/g, " ")
  .trim();
assert.match(code, /^(\d{5} ){11}\d{5}$/);
await type(asks, "find-colleague-input", omar);
await press(asks, "find-colleague-submit");
await press(asks, "found-colleague");
await kept(asks, () => press(asks, "vouch-ask"), "/api/vouching/requests");
await asks.getByTestId("vouch-asked").waitFor();
ok("a colleague is found and asked");

// Omar compares what she shows, first wrongly.
await vouches.goto(`${base}/colleagues`);
await press(vouches, "vouch-compare");
await vouches.getByTestId("vouch-form").waitFor();
await looked(vouches, "comparing");
assert.equal(
  new URL(vouches.url()).pathname.includes(dana),
  false,
  "an opaque address",
);
await type(
  vouches,
  "vouch-code",
  `${code.slice(0, -1)}${(Number(code.at(-1)) + 1) % 10}`,
);
await press(vouches, "vouch-submit");
await soon(async () =>
  assert.notEqual(
    (await vouches.getByTestId("vouch-problem").innerText()).trim(),
    "",
  ),
);
await vouches.getByTestId("vouch-code").fill("");
await type(vouches, "vouch-code", code);
await type(vouches, "vouch-note", "We met in Haifa.");
await kept(
  vouches,
  () => press(vouches, "vouch-submit"),
  "/api/vouching/attestations",
);
await vouches
  .locator("[data-testid=vouchers] [data-standing=in-force]")
  .waitFor();
await looked(vouches, "vouched");
ok("a wrong code is refused, and the right one is attested");

await asks.goto(`${base}/colleagues`);
await reads(asks.getByTestId("vouch-received"), /We met in Haifa\./);
await send(asks, noa, "Signed plan", true);
await send(asks, noa, "Plain plan", false);
await read(reader, "Signed plan");
await reader.locator("[data-testid=signature][data-state=valid]").waitFor();
await reads(reader.getByTestId("vouched-by"), /User 3/);
await press(reader, "vouch-details-summary");
await reader
  .locator("[data-testid=vouch-details] [data-standing=in-force]")
  .waitFor();
await looked(reader, "signed");
await read(reader, "Plain plan");
assert.equal(await reader.getByTestId("signature").count(), 0);
ok("the message says who vouches, and one without a signature says nothing");

// Omar revokes, and it is gone.
await vouches.goto(`${base}/colleagues`);
await press(vouches, "vouch-revoke");
await kept(
  vouches,
  () => press(vouches, "confirm-yes"),
  "/api/vouching/attestations",
);
await vouches.getByTestId("vouch-revoke").waitFor({ state: "detached" });
await read(reader, "Signed plan");
await reader.locator("[data-testid=signature][data-state=valid]").waitFor();
await soon(async () =>
  assert.doesNotMatch(
    await reader.getByTestId("vouched-by").innerText(),
    /User 3/,
  ),
);
await asks.goto(`${base}/colleagues`);
await asks.getByTestId("vouch-received").waitFor({ state: "attached" });
assert.equal(await asks.getByTestId("attestation").count(), 0);
ok("what was revoked is gone");

await browser.close();
assert.deepEqual(problems, []);
console.log("done");
