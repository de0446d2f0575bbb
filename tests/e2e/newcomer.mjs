// A user without any instructions does the usual things in the webmail: once with the mouse and
// once with the keyboard, on a desktop and on a phone, in English and in Hebrew. P-11
//
// The script finds elements by their test IDs, but acts on them only as a person can: by clicking
// where they are visible, or by pressing Tab until they have the focus, and by typing.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  arriving,
  base,
  deliver,
  launch,
  message,
  noSidewaysScroll,
  ok,
  password,
  problems,
  profile,
  reads,
  signIn,
} from "./support.mjs";
import { Keyboard, Mouse } from "./hands.mjs";

const DOMAIN = process.env.POSTERN_ADDRESS.split("@")[1];
const NEW = "a passphrase of my own";
const THIRD = "another one after that";
const file = join(tmpdir(), `postern-newcomer-${process.pid}.txt`);
writeFileSync(file, "What was asked for.\n");

const browser = await launch();
const user = (number) => `u${number}`;
let number = Number(process.env.POSTERN_FIRST_USER);

async function walk({ width, locale, hands }) {
  number += 1;
  const me = user(number);
  const isPhone = width < 720;
  const name = `${hands.name} ${width} ${locale}`;
  const birds = await deliver(
    `${me}@${DOMAIN}`,
    message(`Birds ${number}`, "By the pond stood a blue heron, quite still."),
  );
  const page = await profile(browser, {
    viewport: { width, height: isPhone ? 640 : 800 },
    hasTouch: isPhone,
    locale,
  });
  const hand = new hands(page);
  const row = page.locator(`[data-testid=row][data-ref="${birds}"]`);
  const text = page.getByTestId("text").filter({ hasText: "heron" });
  const narrow = () => noSidewaysScroll(page, name);
  const back = async () => {
    if (isPhone) await hand.press("back");
  };

  /** Goes to a place that is in a menu on a phone. */
  const place = async (what) => {
    if (isPhone) await hand.press("rail-more");
    await hand.press(what);
  };

  await page.goto(`${base}/`);
  await page.getByTestId("sign-in-name").waitFor();
  await hand.type("sign-in-name", me);
  await hand.type("sign-in-password", password);
  const looked = page.waitForResponse((answer) => answer.url().endsWith("/api/appearance"));
  await hand.press("sign-in-submit");
  assert.equal((await (await looked).json()).toured, false);
  for (let card = 0; card < 4; card += 1) await hand.press("tour-next");
  await page.getByTestId("tour").waitFor({ state: "detached" });
  const dir = locale === "he-IL" ? "rtl" : "ltr";
  await page.locator(`html[dir=${dir}]`).waitFor();

  // Find a message by a word in its body.
  await hand.press("row-link");
  await hand.press("open");
  await text.waitFor();
  await back();
  await hand.type("filter", "heron");
  await page.keyboard.press("Enter");
  await row.getByTestId("row-snippet").filter({ hasText: "blue heron" }).waitFor();
  await narrow();
  await hand.press("row-link");
  await text.waitFor();

  // Reply with an attachment.
  await hand.press("answer");
  await page.locator("[data-testid=composer-body]:focus").waitFor();
  await hand.type("composer-body", "Here it is, as asked.");
  const choosing = page.waitForEvent("filechooser");
  await hand.press("composer-attach");
  await (await choosing).setFiles(file);
  await page.locator("[data-testid=composer-upload][data-state=done]").waitFor();
  await hand.press("composer-send");
  await page.getByTestId("composer").waitFor({ state: "detached" });
  await narrow();

  // Archive, and undo.
  await hand.press("place-mail");
  await page.waitForURL(/\/mail\/inbox$/);
  await row.waitFor();
  await hand.press("row-link");
  await text.waitFor();
  await hand.press("archive");
  await row.waitFor({ state: "detached" });
  await hand.undo();
  await row.waitFor();

  // A folder, and a filter into it.
  if (width < 1180) await hand.press("show-mailboxes");
  await hand.press("mailbox-new");
  await hand.type("mailbox-name", "Herons");
  await page.keyboard.press("Enter");
  await page.getByTestId("mailbox").filter({ hasText: "Herons", visible: true }).first().waitFor();
  if (width < 1180) {
    await page.keyboard.press("Escape");
    await page.locator("dialog[open]").waitFor({ state: "detached" });
  }
  await place("place-settings");
  await hand.type("filter-subject", "wading");
  await hand.pick("filter-mailbox", { label: "Herons" });
  await hand.press("filter-add");
  await page.getByTestId("filter-line").filter({ hasText: "Herons" }).waitFor();
  await narrow();
  const next = await deliver(`${me}@${DOMAIN}`, message(`Wading ${number}`, "In the reeds."));
  await hand.press("place-mail");
  await row.waitFor();
  await hand.type("filter", "in:herons");
  await page.keyboard.press("Enter");
  await page.locator(`[data-testid=row][data-ref="${next}"]`).waitFor();

  // Change the password, and create a recovery key.
  await place("place-settings");
  await hand.type("password-old", password);
  await hand.type("password-new", NEW);
  await hand.press("password-submit");
  await page.waitForFunction(
    () => document.querySelector("[data-testid=password-old]")?.value === "",
  );
  await hand.type("recovery-password", NEW);
  await hand.press("recovery-submit");
  const key = await reads(page.getByTestId("recovery-key"), /^[0-9a-z-]{40,}$/);
  await hand.press("recovery-key-done");
  await narrow();

  // Recover a lost password with the recovery key, with all mail still there.
  await place("sign-out");
  await hand.press("lost");
  await hand.type("recover-name", me);
  await hand.type("recover-key", key);
  await hand.type("recover-new", THIRD);
  await hand.press("recover-submit");
  await reads(page.getByTestId("recover-next"), /^[0-9a-z-]{40,}$/);
  await arriving(page, () => hand.press("recover-next-done"));
  await page.getByTestId("place-mail").waitFor();
  await row.waitFor();
  await row.and(page.locator("[data-opened=true]")).waitFor();

  // Sign out another browser.
  const other = await profile(browser);
  await signIn(other, me, THIRD);
  await place("place-sessions");
  await hand.press("session-end");
  await other.getByTestId("sign-in-password").waitFor();
  await narrow();
  assert.equal(await page.evaluate(() => document.cookie), "");
  await other.context().close();
  await page.context().close();
  ok(name);
}

const hands = { mouse: Mouse, keyboard: Keyboard }[process.env.POSTERN_HANDS];
for (const width of [1280, 320])
  for (const locale of ["en-US", "he-IL"]) await walk({ width, locale, hands });

await browser.close();
assert.deepEqual(problems, []);
console.log("done");
