// The webmail in Debian's Firefox. What may differ there: session keys, the event stream, the frame
// for HTML mail, the editor, and the effect of the content security policy.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { firefox } from "./gecko.mjs";
import {
  ATTEMPT_MS,
  base,
  deliver,
  message,
  LIMIT_MS,
  ok,
  password,
  soon,
} from "./support.mjs";

const require = createRequire(import.meta.url);
const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const me = process.env.POSTERN_ADDRESS;
const user = me.split("@")[0];
const problems = [];

const browser = await firefox();

async function watched() {
  const page = await browser.newPage();
  page.setDefaultTimeout(LIMIT_MS);
  page.on("pageerror", (error) =>
    problems.push(`page error: ${error.message}`),
  );
  page.on("console", (message) => {
    const text = message.text();
    if (["error", "warn"].includes(message.type()))
      problems.push(`console: ${text}`);
  });
  page.on("response", (answer) => {
    if ("set-cookie" in answer.headers())
      problems.push(`Set-Cookie from ${answer.url()}`);
    if (!answer.url().startsWith(base) && !/^(blob|data):/.test(answer.url()))
      problems.push(`an answer from another origin: ${answer.url()}`);
  });
  return page;
}

const found = (page, testid, more = "") =>
  page.locator(`[data-testid="${testid}"]${more}`);
const row = (page, reference) => `[data-testid=row][data-ref="${reference}"]`;
const says = (page, testid, text) =>
  page.waitForFunction(
    (testid, text) =>
      [...document.querySelectorAll(`[data-testid="${testid}"]`)].some((one) =>
        one.innerText.includes(text),
      ),
    {},
    testid,
    text,
  );
const gone = (page, testid) =>
  page.waitForSelector(`[data-testid="${testid}"]`, { hidden: true });

/** Carries out a choice, and waits until the server has it: a page that is left takes it along. */
async function keeps(page, step) {
  const answered = page.waitForResponse(
    (answer) =>
      answer.url().endsWith("/api/appearance") &&
      answer.request().method() === "PUT",
  );
  await step();
  assert.ok((await answered).ok());
}

const accessible = (page, name) => soon(() => judged(page, name));

async function judged(page, name) {
  await page.evaluate(axeSource);
  const violations = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, {
      runOnly: [
        "wcag2a",
        "wcag2aa",
        "wcag21a",
        "wcag21aa",
        "wcag22aa",
        "best-practice",
      ],
    });
    return violations.map(
      (one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" | ")}`,
    );
  });
  assert.deepEqual(violations, [], name);
}

const heron = await deliver(
  me,
  message("Birds", "By the pond stood a blue heron."),
);
const html = await deliver(
  me,
  message(
    "In colours",
    '<h1>Hello</h1><script>parent.document.title="owned"</script><p>There stood an egret.</p>' +
      "<img src=x onerror=\"parent.document.title='owned'\">",
    "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8",
  ),
);

// P-13, P-05: a key that never leaves the browser and survives a reload.
const page = await watched();
await page.goto(`${base}/`);
await found(page, "sign-in-name").fill(user);
await accessible(page, "sign-in in Firefox");
await found(page, "sign-in-password").fill(password);
await found(page, "sign-in-submit").click();
await keeps(page, () => found(page, "tour-skip").click());
await gone(page, "tour");
await page.waitForSelector(row(page, heron));
await accessible(page, "list in Firefox");
await page.reload();
await page.waitForSelector(row(page, heron));
ok("signed in, and still signed in after a reload");

// P-25: the reader opens the message; HTML is shown in a frame that can do nothing.
await page.locator(`${row(page, heron)} [data-testid=row-link]`).click();
await found(page, "open").click();
await says(page, "text", "blue heron");
await page.locator(`${row(page, html)} [data-testid=row-link]`).click();
await found(page, "open").click();
await soon(async () => {
  const within = { timeout: ATTEMPT_MS };
  const frame = await page.waitForFrame(
    (one) => /\/m\//.test(one.url()),
    within,
  );
  assert.match(
    await frame.$eval("body", (body) => body.innerText),
    /There stood an egret/,
  );
});
assert.doesNotMatch(await soon(() => page.title()), /owned/);
await accessible(page, "a message in Firefox");
ok("messages open, and HTML stays inert");

// P-24; a second tab needs no password: the tabs share one session and one event stream.
const second = await watched();
await second.goto(`${base}/`);
await second.waitForSelector(row(second, heron));
const live = await deliver(
  me,
  message("Just arrived", "While you were looking."),
);
await page.waitForSelector(row(page, live));
await second.waitForSelector(row(second, live));
await second.close();
ok("a second tab is signed in, and both tabs show a new message");

// P-19
await found(page, "filter").fill("heron pond");
await page.keyboard.press("Enter");
await says(page, "row-snippet", "blue heron");
await soon(async () =>
  assert.equal((await page.$$("[data-testid=row]")).length, 1),
);
ok("a message is found by words in its text");

// P-26: a message written in the rich-text editor to an inside recipient.
await page.goto(`${base}/`);
await page.waitForSelector(row(page, live));
await page.keyboard.press("c");
await found(page, "composer-to").fill(me);
await page.keyboard.press("Enter");
await page.waitForSelector(
  `[data-testid=chip][data-address="${me}"]:not([data-route=""])`,
);
await found(page, "composer-subject").fill("From Firefox");
await found(page, "composer-body").click();
await page.keyboard.type("Written in another ");
await page.keyboard.down("Control");
await page.keyboard.press("b");
await page.keyboard.up("Control");
await page.keyboard.type("browser");
await found(page, "composer-saved").wait();
await accessible(page, "the composer in Firefox");
await found(page, "composer-send").click();
await gone(page, "composer");
await page.waitForFunction(() =>
  [...document.querySelectorAll("[data-testid=row]")].some((one) =>
    one.innerText.includes("From Firefox"),
  ),
);
ok("a message is sent and arrives");

// P-11: right-to-left.
await page.goto(`${base}/settings`);
await found(page, "totp-change").wait();
await accessible(page, "settings in Firefox");
await keeps(page, () => page.select("[data-testid=language]", "he"));
await page.waitForFunction(() => document.documentElement.dir === "rtl");
await accessible(page, "settings in Hebrew in Firefox");
await page.goto(`${base}/`);
await page.waitForSelector(row(page, heron));
await accessible(page, "list in Hebrew in Firefox");
ok("right-to-left layout is accessible");

await found(page, "sign-out").click();
await found(page, "sign-in-name").wait();
await page.reload();
await found(page, "sign-in-name").wait();
assert.equal((await page.cookies()).length, 0);
ok("signed out; no cookie and no session is left");

// The listener does record console messages, so their absence means something.
await page.evaluate(() => console.error("heard"));
assert.deepEqual(problems, ["console: heard"]);
await browser.close();
console.log("done");
