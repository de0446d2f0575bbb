// What the browser tests share: a browser that records problems, a minimal SMTP client, axe.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import { basename, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { chromium } from "playwright-core";
import { OPTIONS } from "./options.mjs";

export { OPTIONS };

const require = createRequire(import.meta.url);
const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const base = process.env.POSTERN_URL.replace(/\/$/, "");
const [smtpHost, smtpPort] = (process.env.POSTERN_SMTP ?? "").split(":");
const passwordFile = process.env.POSTERN_PASSWORD_FILE;
/** The password of all accounts, if there is a file with it. */
export const password =
  passwordFile && readFileSync(passwordFile, "utf8").split("\n")[0];

export const ok = (what) => console.log(`ok ${what}`);

// One rule for all that is waited for, in every walk. A step, or a question asked again and again,
// has `LIMIT_MS`; each attempt within such a question has `ATTEMPT_MS`, so that one which began at
// a wrong moment leaves time for the next.

/** What has not come by then never will, even on a machine that has much else to do. */
export const LIMIT_MS = 120_000;
export const ATTEMPT_MS = 6_000;
const POLL_MS = 50;

/**
 * Repeats `check` as a whole until it succeeds, and returns its value. A query of a page that is
 * changing, or of a frame that is loading, may fail or return the previous state. So whatever is
 * read only once, without waiting, is read in here.
 */
export async function soon(check, limitMs = LIMIT_MS) {
  const end = Date.now() + limitMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() >= end) throw error;
    }
    await pause(POLL_MS);
  }
}

/** Waits until the text of an element matches, and returns it. */
export function reads(element, pattern) {
  return soon(async () => {
    const text = (await element.innerText({ timeout: ATTEMPT_MS })).trim();
    assert.match(text, pattern);
    return text;
  });
}

/** Waits until the page does not contain this text any more. */
export function silent(page, word) {
  return soon(async () =>
    assert.ok(!(await page.locator("body").innerText()).includes(word), word),
  );
}

/**
 * Carries out a step that changes something, and waits for the server's yes: what the page shows
 * at once would be lost if the page were left before. Where other changes go to the same path,
 * `word` stands in what this one says.
 */
export async function kept(page, step, path = "/api/", word = "") {
  const answered = page.waitForResponse(
    (answer) =>
      answer.url().includes(path) &&
      answer.request().method() !== "GET" &&
      (answer.request().postData() ?? "").includes(word),
  );
  await step();
  const answer = await answered;
  assert.ok(
    answer.ok(),
    `${answer.request().method()} ${answer.url()}: ${answer.status()}`,
  );
}

/** What is searched for is this. The address does not say it: the pieces above the list do. */
export function searched(page, query, limitMs = LIMIT_MS) {
  return soon(async () => {
    const pieces = await page
      .getByTestId("search-chips")
      .locator("bdi")
      .allInnerTexts();
    assert.equal(pieces.join(" "), query);
    assert.match(new URL(page.url()).pathname, /^\/search\//);
  }, limitMs);
}

/** Searches; an address that goes back to what it was meanwhile takes the words with it. */
export function search(page, query) {
  return soon(async () => {
    await page.getByTestId("filter").fill(query);
    await page.getByTestId("filter").press("Enter");
    await searched(page, query, ATTEMPT_MS);
  });
}

/** What must not have happened by the end of a run. */
export const problems = [];

const failures = [];

/** Expects the page to report a failure in these words; any other such notice is a problem. */
export const expectFailure = (words) => failures.push(words);

/** Requests that failed, which the browser may have repeated, and those that are not answered. */
const failed = [];
const unanswered = new Set();

/** What a page is like at the moment of a failure: why it is blank, for instance. */
const stateOf = (page) =>
  page.evaluate(() => {
    const body = document.body?.innerText.replace(/\s+/g, " ").slice(0, 300);
    return `${location.pathname} ${document.readyState}: ${body || "(blank)"}`;
  });

/** Starts a browser, with more options than every one has. */
export async function launch(more = []) {
  const browser = await started(more);
  const shots = process.env.WALK_SHOTS;
  process.on("uncaughtException", async (error) => {
    console.error(error);
    // A page that hangs does not answer either.
    setTimeout(() => process.exit(1), ATTEMPT_MS).unref();
    const open = [...unanswered].map((request) => request.url());
    for (const [what, all] of Object.entries({ problems, failed, open }))
      for (const one of all.slice(-20)) console.error(`${what}: ${one}`);
    const pages = browser.contexts().flatMap((context) => context.pages());
    for (const [at, page] of pages.entries()) {
      console.error(
        `page ${at}: ${await stateOf(page).catch((why) => why.message)}`,
      );
      // Screenshots for debugging.
      const path =
        shots && join(shots, `${basename(process.argv[1])}-${at}.png`);
      if (path) await page.screenshot({ path });
    }
    process.exit(1);
  });
  return browser;
}

const started = (more) =>
  chromium.launch({ ...OPTIONS, args: [...OPTIONS.args, ...more] });

/** A microphone that beeps, for those whom it is allowed. */
export const MICROPHONE = ["--use-fake-device-for-media-stream"];

/** Opens a page in a new profile, watched for cookies, errors and policy reports. P-07, P-08 */
export async function profile(browser, options = {}) {
  return watched(
    await browser.newContext({ ignoreHTTPSErrors: true, ...options }),
  );
}

/** Opens a watched page in an existing profile. */
export async function watched(context) {
  // A warning of the page includes a stack trace.
  await context.addInitScript(() => {
    const { warn } = console;
    console.warn = (...said) => warn(...said, new Error("warned").stack);
  });
  // What worked must not be told as a failure, so each notice of one is a console error too.
  await context.addInitScript(() => {
    // The frame of a message runs no script, not even a watcher's.
    if (window !== window.top) return;
    const seen = new WeakSet();
    const look = () => {
      for (const toast of document.querySelectorAll(
        "[data-testid=toast][data-kind=error]",
      )) {
        if (!seen.has(toast))
          console.error(`told as a failure: ${toast.textContent.trim()}`);
        seen.add(toast);
      }
    };
    new MutationObserver(look).observe(document, {
      childList: true,
      subtree: true,
    });
  });
  context.on("request", (request) => unanswered.add(request));
  context.on("requestfinished", (request) => unanswered.delete(request));
  context.on("requestfailed", (request) => {
    unanswered.delete(request);
    failed.push(`${request.url()} ${request.failure()?.errorText}`);
  });
  context.on("request", async (request) => {
    const headers = await request.allHeaders().catch(() => ({}));
    if ("cookie" in headers) problems.push(`Cookie sent to ${request.url()}`);
    if (
      !request.url().startsWith(base) &&
      !/^(blob|data):/.test(request.url())
    ) {
      problems.push(`request to another origin: ${request.url()}`);
    }
  });
  context.on("response", async (response) => {
    const headers = await response.allHeaders().catch(() => ({}));
    if ("set-cookie" in headers)
      problems.push(`Set-Cookie from ${response.url()}`);
  });
  context.setDefaultTimeout(LIMIT_MS);
  const page = await context.newPage();
  page.on("pageerror", (error) =>
    problems.push(`page error: ${error.message}`),
  );
  page.on("console", (message) => {
    const expected = [/status of (401|404|409)/, ...failures].some((words) =>
      words.test(message.text()),
    );
    if (["error", "warning"].includes(message.type()) && !expected) {
      problems.push(`console: ${message.text()} (at ${page.url()})`);
    }
  });
  return page;
}

export async function signIn(page, user, secret = password) {
  await page.goto(`${base}/`);
  await page.getByTestId("sign-in-name").fill(user);
  await page.getByTestId("sign-in-password").fill(secret);
  await arriving(page, () => page.getByTestId("sign-in-submit").click());
  // What is seen first is the place seen last, whichever it was.
  await page.getByTestId("place-mail").waitFor();
}

/** The window of a computer. */
export const WIDE = { viewport: { width: 1280, height: 800 } };

/** The page of somebody who is signed in, in a new profile. */
export async function person(browser, user, options = WIDE) {
  const page = await profile(browser, options);
  await signIn(page, user);
  return page;
}

/** Presses a tool of the message that is shown; on a phone it may be in a menu. */
export async function tool(page, what) {
  const more = page.getByTestId("reader-more");
  const isThere = await page.getByTestId(what).isVisible();
  if (!isThere && (await more.isVisible())) await more.click();
  await page.getByTestId(what).click();
}

/** Carries out the last step of signing in, and skips the tour that new users see. */
export async function arriving(page, step) {
  const looked = page.waitForResponse((answer) =>
    answer.url().endsWith("/api/appearance"),
  );
  await step();
  const { toured } = await (await looked).json();
  if (!toured) await tourSkip(page);
  await page.getByTestId("tour").waitFor({ state: "detached" });
}

/** Puts the tour away, and waits until the server knows. */
export function tourSkip(page) {
  return kept(
    page,
    () => page.getByTestId("tour-skip").click(),
    "/api/appearance",
    '"toured":true',
  );
}

/**
 * Asserts that what is shown has no violation of WCAG 2.2 AA or best practice, once it is still.
 */
export function accessible(page, name) {
  return soon(() => judged(page, name));
}

async function judged(page, name) {
  // Colours are checked once all animations have finished.
  await page.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .filter(
          (one) => one.effect?.getComputedTiming().iterations !== Infinity,
        )
        .map((one) => one.finished.catch(() => null)),
    ),
  );
  await page.evaluate(axeSource);
  const found = await page.evaluate(() =>
    globalThis.axe.run(document, {
      runOnly: [
        "wcag2a",
        "wcag2aa",
        "wcag21a",
        "wcag21aa",
        "wcag22aa",
        "best-practice",
      ],
      // Of what is well, that it was looked at is enough: to name each element takes most of the time.
      resultTypes: ["violations"],
    }),
  );
  assert.ok(found.passes.length > 5, `${name}: axe looked at almost nothing`);
  const violations = found.violations.map(
    (one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" | ")}`,
  );
  assert.deepEqual(violations, [], name);
}

/** Takes a screenshot for the documents, if SCREENS is set. */
export async function picture(page, name) {
  if (!process.env.SCREENS) return;
  mkdirSync(process.env.SCREENS, { recursive: true });
  const path = join(process.env.SCREENS, `${name}.png`);
  await page.screenshot({ path, animations: "disabled" });
}

export function noSidewaysScroll(page, name) {
  return soon(async () => {
    const [wide, shown] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
    ]);
    assert.ok(wide <= shown, `${name}: ${wide} px wide in ${shown}`);
  });
}

/** Presses Tab until what has this test ID has the focus. */
export async function tabTo(page, testid) {
  const at = () =>
    page.evaluate(() => document.activeElement?.getAttribute("data-testid"));
  for (let tabs = 0; tabs < 120; tabs += 1) {
    if ((await at()) === testid) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`${testid} is not reached by the keyboard`);
}

/**
 * Walks on a phone, from left to right and from right to left. `stands` asks whether what is shown fits and
 * is accessible.
 */
export async function onPhones(browser, user, walk) {
  for (const locale of ["en-US", "he-IL"]) {
    const phone = await profile(browser, {
      viewport: { width: 320, height: 640 },
      hasTouch: true,
      isMobile: true,
      locale,
    });
    await signIn(phone, user);
    await phone.getByTestId("rail-more").click();
    const stands = async (name) => {
      await noSidewaysScroll(phone, `${name}, ${locale}`);
      await accessible(phone, `${name}, ${locale}`);
    };
    await walk(phone, stands, locale);
    const direction = await phone.evaluate(() => document.documentElement.dir);
    assert.equal(direction, locale === "he-IL" ? "rtl" : "ltr");
    await phone.context().close();
    ok(`a phone, ${locale}`);
  }
}

/** Delivers one message as any mail server would, in clear; returns its reference number. */
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

export function message(subject, body, headers = "") {
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
