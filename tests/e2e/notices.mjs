// Notices: one at a time, and never above what somebody may want to press. P-11
import assert from "node:assert/strict";
import {
  base,
  deliver,
  kept,
  launch,
  message,
  ok,
  password,
  problems,
  profile,
  signIn,
  soon,
  tourSkip,
} from "./support.mjs";

const me = process.env.POSTERN_ADDRESS;
const user = me.split("@")[0];

/** From the widest to a phone: with the mailboxes beside the list, without them, on a phone. */
const SIZES = [
  [1280, 800],
  [1180, 800],
  [1024, 768],
  [800, 600],
  [320, 640],
];

/** What a notice covers: the parts of the rail, the mailboxes, and the buttons of composers. */
function covered(page) {
  return page.evaluate(() => {
    const notice = document.querySelector("[data-testid=toast]").getBoundingClientRect();
    const places = [
      "nav a, nav button",
      "[data-testid=composer] :is(button, a, input, select, label.attach)",
    ];
    return [...document.querySelectorAll(places.join())]
      .filter((one) => one.checkVisibility())
      .filter((one) => {
        const at = one.getBoundingClientRect();
        const isAcross = at.left < notice.right && at.right > notice.left;
        return isAcross && at.top < notice.bottom && at.bottom > notice.top;
      })
      .map((one) => one.outerHTML.slice(0, 120));
  });
}

const shown = (page) => page.getByTestId("toast");

/** Archives the first message of the list, and keeps the pointer on the notice of it. */
async function archive(page) {
  await page.goto(`${base}/mail/inbox`);
  await page.getByTestId("row-link").first().focus();
  await kept(page, () => page.keyboard.press("e"), "/api/messages/batch");
  await page.getByTestId("toast-undo").hover();
}

async function free(page, name) {
  await soon(async () => assert.deepEqual(await covered(page), [], name));
}

async function walk([width, height]) {
  const isPhone = width < 720;
  const page = await profile(browser, { viewport: { width, height }, hasTouch: isPhone });
  await signIn(page, user);
  for (const at of [1, 2]) await deliver(me, message(`Heron ${width} ${at}`, "By the pond."));
  await archive(page);
  await free(page, `${width}`);
  await page.keyboard.press("c");
  await page.getByTestId("composer-body").waitFor();
  await free(page, `${width}, composer`);
  if (!isPhone) {
    await page.getByTestId("composer-full").focus();
    await page.keyboard.press("Enter");
    await page.locator("[data-shape=full]").waitFor();
    await free(page, `${width}, large composer`);
  }
  await page.getByTestId("composer-close").click();
  await page.getByTestId("composer").waitFor({ state: "detached" });
  await archive(page);
  assert.equal(await shown(page).count(), 1);
  await page.context().close();
  ok(`a notice covers nothing at ${width} px`);
}

const browser = await launch();

// What greets somebody for the first time goes by itself, even if a dialog took the pointer from it.
const first = await profile(browser);
await first.goto(`${base}/`);
await first.getByTestId("sign-in-name").fill(user);
await first.getByTestId("sign-in-password").fill(password);
await first.getByTestId("sign-in-submit").click();
await shown(first).waitFor();
await first.getByTestId("tour").waitFor();
const at = await shown(first).boundingBox();
if (at) await first.mouse.move(at.x + at.width / 2, at.y + 8);
await shown(first).waitFor({ state: "detached" });
await tourSkip(first);
await first.context().close();
ok("the greeting goes by itself");

for (const size of SIZES) await walk(size);
await browser.close();
assert.deepEqual(problems, []);
console.log("done");
