// Credentials other than the password: a passkey, TOTP codes, an app password.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import {
  ATTEMPT_MS,
  accessible,
  arriving,
  base,
  deliver,
  launch,
  message,
  noSidewaysScroll,
  ok,
  password,
  picture,
  problems,
  profile,
  reads,
  signIn,
  silent,
  soon,
} from "./support.mjs";

const me = process.env.POSTERN_ADDRESS;
const user = me.split("@")[0];
const heron = await deliver(me, message("Birds", "By the pond stood a blue heron."));

const browser = await launch();
const page = await profile(browser, { viewport: { width: 1280, height: 900 } });

/** Adds a platform authenticator that always verifies its user, with `prf` if asked for. */
async function authenticator(where, hasPrf = true) {
  const cdp = await where.context().newCDPSession(where);
  await cdp.send("WebAuthn.enable");
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      ctap2Version: "ctap2_1",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      hasPrf,
    },
  });
  return {
    remove: () => cdp.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId }),
    verifies: (isUserVerified) =>
      cdp.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified }),
  };
}

const leave = async (where) => {
  await where.getByTestId("sign-out").click();
  await where.getByTestId("sign-in-name").waitFor();
};
const settings = async (where) => {
  await where.goto(`${base}/settings`);
  await where.getByTestId("passkey-add").waitFor();
};
const addPasskey = async (where, label, secret = password) => {
  await where.getByTestId("passkey-add").click();
  await where.getByTestId("key-label").fill(label);
  await where.getByTestId("passkey-password").fill(secret);
  await where.getByTestId("passkey-submit").click();
};

await signIn(page, user);
await settings(page);

// P-13: a passkey that cannot unlock sealed messages is refused.
const poor = await authenticator(page, false);
await addPasskey(page, "Old key");
await page.getByTestId("passkey-problem").filter({ hasText: "cannot unlock sealed messages" }).waitFor();
await accessible(page, "a passkey that derives nothing");
await poor.remove();
await page.getByTestId("passkey-password").fill("not it");
await page.getByTestId("passkey-submit").click();
await page.getByTestId("passkey-problem").filter({ hasText: "password is incorrect" }).waitFor();
ok("a passkey without prf, and a wrong password, are refused with a reason");

const device = await authenticator(page);
await page.reload();
await page.getByTestId("passkey-add").waitFor();
await addPasskey(page, "This laptop");
await page.getByTestId("passkeys").getByText("This laptop").waitFor();
await page.getByTestId("passkeys").scrollIntoViewIfNeeded();
await accessible(page, "with a passkey");
await addPasskey(page, "This laptop again");
await page.getByTestId("passkey-problem").filter({ hasText: "already" }).waitFor();
ok("a passkey is added, but only once per device");

// The passkey signs in without any typing, and sealed messages open.
await leave(page);
await accessible(page, "sign-in with passkeys");
await picture(page, "sign-in-passkey");
await arriving(page, () => page.getByTestId("sign-in-passkey").click());
await page.locator(`[data-testid=row][data-ref="${heron}"]`).getByTestId("row-link").click();
await page.getByTestId("open").click();
await page.getByTestId("text").filter({ hasText: "heron" }).waitFor();
ok("the passkey signs in and opens sealed mail");

// P-13: TOTP codes (RFC 6238).
await settings(page);
await page.getByTestId("totp-change").click();
await page.getByTestId("totp-password").fill(password);
await page.getByTestId("totp-submit").click();
const secret = await reads(page.getByTestId("totp-secret"), /^[A-Z2-7]{32}$/);
await page.getByTestId("totp-secret").scrollIntoViewIfNeeded();
await accessible(page, "the secret for codes");
await picture(page, "totp");
const codeAt = (step) => {
  const bits = [...secret].map((c) =>
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0"),
  );
  const key = Buffer.from(bits.join("").match(/.{8}/g).map((octet) => parseInt(octet, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac("sha1", key).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
};
const step = () => Math.floor(Date.now() / 30_000);
await page.getByTestId("totp-code").fill(codeAt(step() - 5));
await page.getByTestId("totp-on").click();
await page.getByText("code is not valid").waitFor();
// The previous code, which the server still tolerates, so that the current one is left for signing
// in. When the next time step begins meanwhile, it is not tolerated any more.
const isOn = page.getByTestId("totp-state").filter({ hasText: "Two-step verification is on" });
let used = 0;
await soon(async () => {
  if (!(await isOn.isVisible())) {
    used = step() - 1;
    await page.getByTestId("totp-code").fill(codeAt(used), { timeout: ATTEMPT_MS });
    await page.getByTestId("totp-on").click({ timeout: ATTEMPT_MS });
  }
  await isOn.waitFor({ timeout: ATTEMPT_MS });
});
/** The next code: each works once, and the server tolerates one that is a time step ahead. */
const nextCode = () =>
  soon(() => {
    assert.ok(used <= step(), "the next code is for later");
    used = Math.max(used + 1, step());
    return codeAt(used);
  });
await leave(page);
await device.verifies(false);
await page.getByTestId("sign-in-passkey").click();
await page.getByTestId("sign-in-problem").filter({ hasText: "You did not choose a passkey" }).waitFor();
ok("a failed user verification is reported as: no passkey was chosen");
await page.getByTestId("sign-in-name").fill(user);
await page.getByTestId("sign-in-password").fill(password);
await page.getByTestId("sign-in-submit").click();
await page.getByTestId("sign-in-code").waitFor();
await page.waitForFunction(() => document.activeElement?.dataset.testid === "sign-in-code");
await accessible(page, "a code is asked for");
await picture(page, "sign-in-code");
await page.keyboard.type(codeAt(used));
await page.keyboard.press("Enter");
await page.getByTestId("sign-in-problem").filter({ hasText: "code is not valid" }).waitFor();
await page.getByTestId("sign-in-code").fill(await nextCode());
await arriving(page, () => page.keyboard.press("Enter"));
ok("a code is required besides the password, and each code works once");

// P-13: an app password reads mail but cannot change the account.
await settings(page);
await page.getByTestId("app-add").click();
await page.getByTestId("key-label").fill("Reader");
await page.getByTestId("app-password").fill(password);
await page.getByTestId("app-submit").click();
const appSecret = await reads(
  page.getByTestId("app-secret"),
  /^[0-9a-z]{5}(-[0-9a-z]{5}){4}-[0-9a-z]$/,
);
await accessible(page, "an app password");
await page.getByTestId("app-secret-done").click();
await silent(page, appSecret);
await picture(page, "passkeys");
const reader = await profile(browser);
await signIn(reader, user, appSecret);
await reader.locator(`[data-testid=row][data-ref="${heron}"]`).getByTestId("row-link").click();
await reader.getByTestId("text").filter({ hasText: "heron" }).waitFor();
await page.getByRole("button", { name: "Remove Reader" }).click();
await page.getByTestId("confirm-yes").click();
await page.getByText("You have no app passwords yet").waitFor();
await reader.getByTestId("sign-in-password").waitFor();
ok("an app password reads mail until it is removed, which ends its session");

// The same pages fit a phone, in Hebrew.
const phone = await profile(browser, {
  viewport: { width: 320, height: 640 },
  hasTouch: true,
  locale: "he-IL",
});
await phone.goto(`${base}/`);
await noSidewaysScroll(phone, "sign-in on a phone, in Hebrew");
await phone.getByTestId("sign-in-name").fill(user);
await phone.getByTestId("sign-in-password").fill(password);
await phone.getByTestId("sign-in-submit").click();
await phone.getByTestId("sign-in-code").waitFor();
await noSidewaysScroll(phone, "a code on a phone, in Hebrew");
await accessible(phone, "a code on a phone, in Hebrew");
await phone.getByTestId("sign-in-code").fill(await nextCode());
await arriving(phone, () => phone.getByTestId("sign-in-submit").click());
await settings(phone);
await phone.getByTestId("app-add").click();
await phone.getByTestId("key-label").fill("מחשב");
await noSidewaysScroll(phone, "keys on a phone, in Hebrew");
await accessible(phone, "keys on a phone, in Hebrew");
ok("the pages fit a phone, in Hebrew");

// A missing code and a wrong code are answered with 403 and 422.
const rest = problems.filter((one) => !/^console: .*status of (403|422)/.test(one));
assert.deepEqual(rest, []);
await browser.close();
console.log("done");
