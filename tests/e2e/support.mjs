// What the browser tests share: a browser that keeps a record, SMTP by hand, axe.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import { basename, join } from "node:path";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const base = process.env.POSTERN_URL.replace(/\/$/, "");
const [smtpHost, smtpPort] = process.env.POSTERN_SMTP.split(":");
export const password = readFileSync(process.env.POSTERN_PASSWORD_FILE, "utf8").split("\n")[0];

export const ok = (what) => console.log(`ok ${what}`);

/** Everything that must not have happened by the end. */
export const problems = [];

export async function launch() {
  const browser = await started();
  // What was seen when a walk broke off, for whoever mends it.
  const shots = process.env.WALK_SHOTS;
  if (shots)
    process.on("uncaughtException", async (error) => {
      console.error(error);
      const pages = browser.contexts().flatMap((context) => context.pages());
      for (const [at, page] of pages.entries())
        await page.screenshot({ path: join(shots, `${basename(process.argv[1])}-${at}.png`) });
      process.exit(1);
    });
  return browser;
}

function started() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-extensions",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A profile of its own, watched for cookies, errors and policy reports. P-07, P-08 */
export async function profile(browser, options = {}) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
  context.on("request", async (request) => {
    const headers = await request.allHeaders().catch(() => ({}));
    if ("cookie" in headers) problems.push(`Cookie sent to ${request.url()}`);
    if (!request.url().startsWith(base) && !/^(blob|data):/.test(request.url())) {
      problems.push(`request to another origin: ${request.url()}`);
    }
  });
  context.on("response", async (response) => {
    const headers = await response.allHeaders().catch(() => ({}));
    if ("set-cookie" in headers) problems.push(`Set-Cookie from ${response.url()}`);
  });
  const page = await context.newPage();
  page.on("pageerror", (error) => problems.push(`page error: ${error.message}`));
  page.on("console", (message) => {
    const expected = /status of (401|404|409)/.test(message.text());
    if (["error", "warning"].includes(message.type()) && !expected) {
      problems.push(`console: ${message.text()}`);
    }
  });
  return page;
}

export async function signIn(page, user, secret = password) {
  await page.goto(`${base}/`);
  await page.getByTestId("sign-in-name").fill(user);
  await page.getByTestId("sign-in-password").fill(secret);
  await arriving(page, () => page.getByTestId("sign-in-submit").click());
  await page.getByTestId("list-count").waitFor();
}

/** Carries out the last step of signing in, and puts the tour away that newcomers see. */
export async function arriving(page, step) {
  const looked = page.waitForResponse((answer) => answer.url().endsWith("/api/look"));
  await step();
  const { toured } = await (await looked).json();
  if (!toured) await tourSkip(page);
  await page.getByTestId("tour").waitFor({ state: "detached" });
}

/** Puts the tour away, and waits until the server knows. */
export async function tourSkip(page) {
  const kept = page.waitForResponse(
    (answer) => answer.url().endsWith("/api/look") && answer.request().method() === "PUT",
  );
  await page.getByTestId("tour-skip").click();
  await kept;
}

/** No violation of WCAG 2.2 AA or best practice on what is shown now. */
export async function accessible(page, name) {
  // Colours are judged once nothing moves any more.
  await page.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .filter((one) => one.effect?.getComputedTiming().iterations !== Infinity)
        .map((one) => one.finished.catch(() => null)),
    ),
  );
  await page.evaluate(axeSource);
  const found = await page.evaluate(() =>
    globalThis.axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }),
  );
  assert.ok(found.passes.length > 5, `${name}: axe looked at almost nothing`);
  const violations = found.violations.map(
    (one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" | ")}`,
  );
  assert.deepEqual(violations, [], name);
}

/** A picture for the documents, where one is wanted. */
export async function picture(page, name) {
  if (!process.env.SCREENS) return;
  mkdirSync(process.env.SCREENS, { recursive: true });
  const path = join(process.env.SCREENS, `${name}.png`);
  await page.screenshot({ path, animations: "disabled" });
}

export async function noSidewaysScroll(page, name) {
  const [wide, shown] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  assert.ok(wide <= shown, `${name}: ${wide} px wide in ${shown}`);
}

/** Delivers one message as any mail server would, in clear; gives its reference number. */
export async function deliver(to, message) {
  const socket = net.connect(Number(smtpPort), smtpHost);
  socket.setEncoding("latin1");
  let buffer = "";
  const lines = (async function* () {
    for await (const chunk of socket) {
      buffer += chunk;
      let end;
      while ((end = buffer.indexOf("\r\n")) >= 0) {
        const line = buffer.slice(0, end);
        buffer = buffer.slice(end + 2);
        if (line[3] === " ") yield line;
      }
    }
  })();
  const expect = async (code) => {
    const { value } = await lines.next();
    assert.ok(value?.startsWith(code), `expected ${code}, got ${value}`);
    return value;
  };
  await expect("220");
  for (const [command, code] of [
    ["EHLO e2e.example", "250"],
    ["MAIL FROM:<rachel@partner.example>", "250"],
    [`RCPT TO:<${to}>`, "250"],
    ["DATA", "354"],
  ]) {
    socket.write(`${command}\r\n`);
    await expect(code);
  }
  socket.write(Buffer.concat([Buffer.from(message), Buffer.from("\r\n.\r\n")]));
  const accepted = await expect("250 2.0.0 Accepted, reference ");
  socket.write("QUIT\r\n");
  await expect("221");
  socket.destroy();
  return accepted.match(/[0-9A-Z]{5}(-[0-9A-Z]{5}){3}/)[0];
}

export function letter(subject, body, headers = "") {
  return [
    "From: Rachel Stern <rachel@partner.example>",
    "To: you",
    `Subject: ${subject}`,
    "Date: Mon, 23 Nov 2026 08:12:00 +0000",
    `Message-ID: <${subject.replace(/\W/g, "-")}@partner.example>`,
    ...(headers ? [headers] : []),
    "",
    body,
  ].join("\r\n");
}
