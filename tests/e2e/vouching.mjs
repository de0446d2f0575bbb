// Vouching in the browser: ask, compare by the QR code, attest, the badge on a message, revoke, gone; and
// a closed group, out of which nobody is found. By the mouse, by the keyboard alone, at 320 px, and in
// Hebrew. Each button that goes hands its focus on. P-21, P-80, P-81, P-82
import assert from "node:assert/strict";
import { Keyboard, Mouse } from "./hands.mjs";
import { qrText } from "./qr.mjs";
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

/** Each way has people of its own: the one who asks, the one who vouches, the one who reads. */
const WAYS = [
  { name: "mouse", hands: Mouse, width: 1280, locale: "en-US", people: ["u2", "u3", "u4"] },
  { name: "keyboard", hands: Keyboard, width: 1280, locale: "en-US", people: ["u5", "u6", "u7"] },
  { name: "320 px", hands: Mouse, width: 320, locale: "en-US", people: ["u8", "u9", "u10"] },
  { name: "Hebrew", hands: Keyboard, width: 320, locale: "he-IL", people: ["u11", "u12", "u13"] },
];

/** What is said of a code that does not fit. */
const DIFFERS = {
  "en-US": { vouching: /Do not vouch/, alone: /do not rely on messages signed with it/ },
  "he-IL": { vouching: /אין לערוב/, alone: /אין להסתמך על הודעות/ },
};

const browser = await launch();
const manager = await profile(browser, { viewport: { width: 1280, height: 800 } });
await signIn(manager, "u1");

/** Somebody's page, and the hand that acts on it. */
class Person {
  static async in(way, user) {
    const { width, locale } = way;
    const viewport = { width, height: width < 720 ? 640 : 800 };
    const page = await profile(browser, { viewport, hasTouch: width < 720, locale });
    await signIn(page, user);
    const person = new Person();
    return Object.assign(person, { page, user, way, hand: new way.hands(page) });
  }

  at(testid) {
    return this.page.getByTestId(testid);
  }

  async goto(path) {
    await this.page.goto(`${base}${path}`);
  }

  async looked(what) {
    const name = `${this.way.name}: ${what}`;
    await accessible(this.page, name);
    await noSidewaysScroll(this.page, name);
  }

  /** Presses something that changes what is stored, and goes with it: the focus goes on. */
  async pressed(testid, path) {
    await kept(this.page, () => this.hand.press(testid), path);
    await this.at(testid).first().waitFor({ state: "detached" });
    await this.focused(testid);
  }

  focused(what) {
    return soon(async () =>
      assert.ok(
        await this.page.evaluate(() => document.activeElement !== document.body),
        `${this.way.name}: the focus is lost after ${what}`,
      ),
    );
  }

  async retyped(testid, text) {
    await this.hand.type(testid, "");
    await this.page.keyboard.press("Control+A");
    await this.page.keyboard.type(text);
  }

  /** Asks somebody to vouch. */
  async asks(whom) {
    await this.goto("/colleagues");
    await this.hand.type("find-colleague-input", `${whom}@${domain}`);
    await this.hand.press("find-colleague-submit");
    await this.at("found-colleague").first().waitFor();
    await this.hand.press("found-colleague");
    await this.at("colleague").waitFor();
    await this.pressed("vouch-ask", "/api/vouching/requests");
    await this.at("vouch-asked").waitFor();
  }

  /** Sends a message, and returns once it has left. */
  async sends(to, subject, signed) {
    await this.goto("/mail/inbox");
    await this.hand.press("compose-button");
    await this.hand.type("composer-to", `${to}@${domain}`);
    await this.page.keyboard.press("Enter");
    await this.hand.type("composer-subject", subject);
    await this.hand.type("composer-body", "The plan is on the table.");
    const sign = this.at("composer-sign");
    await sign.waitFor();
    assert.equal(await sign.getAttribute("aria-pressed"), "true");
    if (!signed) {
      await this.hand.press("composer-sign");
      assert.equal(await sign.getAttribute("aria-pressed"), "false");
    }
    await kept(this.page, () => this.hand.press("composer-send"), "/api/submissions");
    await this.at("composer").waitFor({ state: "detached" });
  }

  /** Opens the latest message, which has this subject; returns its address. */
  async opens(subject) {
    await this.goto("/mail/inbox");
    const first = this.at("row-link").first();
    await soon(async () => assert.ok((await first.innerText()).includes(subject)));
    await this.hand.press("row-link");
    await this.at("open").waitFor();
    await this.hand.press("open");
    await this.at("details").waitFor();
    return new URL(this.page.url()).pathname;
  }
}

async function vouched(way) {
  const [asks, vouches, reader] = await Promise.all(way.people.map((user) => Person.in(way, user)));
  const dir = way.locale === "he-IL" ? "rtl" : "ltr";
  assert.equal(await asks.page.evaluate(() => document.documentElement.dir), dir);

  // The one who asks shows a QR code, which says the same as the digits.
  await asks.goto("/colleagues");
  await asks.at("own-fingerprint").waitFor();
  await asks.looked("colleagues");
  const qr = asks.page.locator("svg.qr");
  const [, , wide] = (await qr.getAttribute("viewBox")).split(" ").map(Number);
  const code = qrText(wide - 8, await qr.locator("path").getAttribute("d"));
  assert.match(code, /^(\d{5} ){11}\d{5}$/);
  const digits = (await asks.at("own-fingerprint").innerText()).replace(/\s+/g, " ").trim();
  assert.equal(code, digits);
  await asks.asks(vouches.user);
  await asks.looked("asked");
  ok(`${way.name}: a colleague is found and asked`);

  // Who is asked compares it, first wrongly; the page does not show what there is to compare.
  await vouches.goto("/colleagues");
  await vouches.hand.press("vouch-compare");
  await vouches.at("vouch-form").waitFor();
  await vouches.looked("comparing");
  const path = new URL(vouches.page.url()).pathname;
  assert.match(path, /^\/colleagues\/[0-9a-f]{32}$/, "an opaque address");
  const shown = (await vouches.page.locator("body").innerText()).replace(/\s/g, "");
  assert.doesNotMatch(shown, /\d{20}/, "the code stands beside the field for it");
  await vouches.hand.type("vouch-code", `${code.slice(0, -1)}${(Number(code.at(-1)) + 1) % 10}`);
  await vouches.hand.press("vouch-submit");
  await reads(vouches.at("vouch-problem"), DIFFERS[way.locale].vouching);
  await vouches.retyped("vouch-code", code);
  await vouches.hand.type("vouch-note", "We met in Haifa.");
  const attestations = "/api/vouching/attestations";
  await kept(vouches.page, () => vouches.hand.press("vouch-submit"), attestations);
  await vouches.page.locator("[data-testid=vouchers] [data-standing=in-force]").waitFor();
  await vouches.focused("vouching");
  await vouches.looked("vouched");
  ok(`${way.name}: a wrong code is refused, and the right one is attested`);

  // The badge on a message.
  await asks.goto("/colleagues");
  await reads(asks.at("vouch-received"), /We met in Haifa\./);
  await asks.sends(reader.user, "Signed plan", true);
  const message = await reader.opens("Signed plan");
  await reader.page.locator("[data-testid=signature][data-state=valid]").waitFor();
  const voucher = new RegExp(`<${vouches.user}@`);
  await reads(reader.at("vouched-by"), voucher);
  await reader.hand.press("vouch-details-summary");
  const attestation = reader.page.locator("[data-testid=vouch-details] [data-standing=in-force]");
  await attestation.waitFor();
  const page = await attestation.locator("a").getAttribute("href");
  await reader.looked("signed");
  await asks.sends(reader.user, "Plain plan", false);
  await reader.opens("Plain plan");
  await reader.page.locator("[data-testid=signature][data-state=unsigned]").waitFor();
  await reader.looked("not signed");
  ok(`${way.name}: the message says who vouches, and one without a signature that it has none`);

  // A reader who compares, too, and is refused by the one who asked.
  await reader.goto(path);
  await reader.hand.type("key-accept-code", "1".repeat(60));
  await reader.hand.press("key-accept-submit");
  await reads(reader.at("key-accept-problem"), DIFFERS[way.locale].alone);
  await reader.retyped("key-accept-code", code);
  await kept(reader.page, () => reader.hand.press("key-accept-submit"), "/key");
  await soon(async () => assert.equal(await reader.at("key-accept-code").inputValue(), ""));
  await reader.asks(vouches.user);
  await vouches.goto("/colleagues");
  await vouches.pressed("vouch-request-end", "/api/vouching/requests");

  // Revoked, and gone.
  await vouches.hand.press("vouch-revoke");
  await kept(vouches.page, () => vouches.hand.press("confirm-yes"), attestations);
  await vouches.at("vouch-revoke").waitFor({ state: "detached" });
  await vouches.focused("revoking");
  await vouches.looked("revoked");
  await reader.goto(message);
  await reader.page.locator("[data-testid=signature][data-state=valid]").waitFor();
  await soon(async () =>
    assert.doesNotMatch(await reader.at("vouched-by").innerText({ timeout: 1_000 }), voucher),
  );
  await reader.looked("revoked on the message");
  await asks.goto("/colleagues");
  await asks.at("vouch-received").waitFor({ state: "attached" });
  assert.equal(await asks.at("attestation").count(), 0);
  ok(`${way.name}: what was revoked is gone`);
  await refused(way, { reader, vouches, page });
  for (const { page } of [asks, vouches, reader]) await page.context().close();
}

/** The one who vouches comes into a closed group: others find nobody there, and write nothing. */
async function refused(way, { reader, vouches, page }) {
  const makes = new way.hands(manager);
  await manager.goto(`${base}/groups`);
  await makes.press("group-new");
  await makes.type("group-name", `Investigation, ${way.name}`);
  const closed = manager.getByTestId("group-kind").locator("option[value=closed]");
  await makes.pick("group-kind", { label: (await closed.textContent()).trim() });
  await makes.press("group-save");
  await manager.getByTestId("group-title").waitFor();
  await makes.type("member-address", vouches.user);
  await manager.keyboard.press("Enter");
  const member = `[data-testid=member][data-address="${vouches.user}@${domain}"]`;
  await manager.locator(member).waitFor();

  await reader.goto(page);
  await reader.at("empty").waitFor();
  assert.equal(await reader.at("colleague").count(), 0, "nobody is there");
  await reader.looked("nobody");
  await reader.goto("/colleagues");
  await reader.hand.type("find-colleague-input", `${vouches.user}@${domain}`);
  await reader.hand.press("find-colleague-submit");
  await reads(reader.page.locator("main [role=status]").first(), /\S/);
  assert.equal(await reader.at("found-colleague").count(), 0, "nobody is found");
  await reader.goto("/mail/inbox");
  await reader.hand.press("compose-button");
  await reader.hand.type("composer-to", `${vouches.user}@${domain}`);
  await reader.page.keyboard.press("Enter");
  await reader.page.locator("[data-testid=chip].refused").waitFor();
  await reader.looked("refused");
  ok(`${way.name}: a closed group refuses`);
}

for (const way of WAYS) await vouched(way);
await browser.close();
assert.deepEqual(problems, []);
console.log("done");
