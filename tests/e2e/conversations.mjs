// Conversations in a mailbox that is larger than what the page has loaded.
import assert from "node:assert/strict";
import {
  accessible,
  deliver,
  kept,
  launch,
  message,
  ok,
  password,
  problems,
  profile,
  reads,
  signIn,
  soon,
} from "./support.mjs";

const me = process.env.POSTERN_ADDRESS;
const user = me.split("@")[0];
/** More than two pages of the list. */
const OTHERS = 120;

const answering = (subject, to) => message(subject, "Text.", `References: <${to}@partner.example>`);
const plan = await deliver(me, message("Plan", "The first message."));
const trip = await deliver(me, message("Trip", "Another old one."));
const second = await deliver(me, answering("Plan-2", "Plan"));
for (let at = 0; at < OTHERS; at += 1) await deliver(me, message(`Other ${at}`, "Text."));
const latest = await deliver(me, answering("Plan-3", "Plan-2"));

const browser = await launch();
const page = await profile(browser, { viewport: { width: 1280, height: 800 }, locale: "en-US" });
await signIn(page, user, password);

const row = (reference) => page.locator(`[data-testid=row][data-ref="${reference}"]`);
const count = (reference) => row(reference).getByTestId("row-count").locator("[aria-hidden]");
const first = () => page.getByTestId("row").first();

// The messages that belong to the first row are far below what is loaded.
await row(latest).waitFor();
assert.equal(await first().getAttribute("data-ref"), latest);
await reads(count(latest), /^3$/);
assert.equal(await page.getByTestId("row").filter({ hasText: "Plan" }).count(), 1);
await accessible(page, "a list with conversations");
ok("a row counts its conversation, however old its messages are");

// The reader shows as many as the badge says.
await row(latest).getByTestId("row-link").click();
await soon(async () => assert.equal(await page.getByTestId("folded").count(), 2));
// Of these, the list knows no more than that they exist.
for (const one of await page.getByTestId("folded").all()) await reads(one, /Rachel Stern/);
ok("the reader has the messages that the row counts, and says who wrote them");

// An action on the row is one on all of them, and can be undone.
await row(latest).hover();
await kept(page, () => row(latest).getByTestId("row-archive").click(), "/api/messages/batch");
await row(latest).waitFor({ state: "detached" });
await page.keyboard.press("g");
const archived = async (...references) => {
  await page.goto(new URL("/mail/archive", page.url()).href);
  for (const one of references) await row(one).waitFor();
};
await archived(latest);
await reads(count(latest), /^3$/);
assert.equal(await page.getByTestId("row").count(), 1);
await row(latest).getByTestId("row-select").check({ force: true });
await kept(page, () => page.keyboard.press("#"), "/api/messages/batch");
await row(latest).waitFor({ state: "detached" });
await kept(page, () => page.keyboard.press("z"), "/api/messages/batch");
await row(latest).waitFor();
await reads(count(latest), /^3$/);
ok("what is done to a row is done to its conversation, and undone");

// An answer to a message that is not loaded brings its conversation to the top, while one looks.
await page.goto(new URL("/mail/inbox", page.url()).href);
await first().waitFor();
assert.equal(await row(trip).count(), 0, "it is not loaded");
const answer = await deliver(me, answering("Trip-2", "Trip"));
await row(answer).waitFor();
assert.equal(await first().getAttribute("data-ref"), answer);
await reads(count(answer), /^2$/);
await row(answer).hover();
await kept(page, () => row(answer).getByTestId("row-delete").click(), "/api/messages/batch");
await row(answer).waitFor({ state: "detached" });
ok("an answer has the row of its conversation with it");

// Nothing of it is left further down.
const list = page.getByTestId("list");
await soon(async () => {
  await list.evaluate((node) => node.scrollTo(0, node.scrollHeight));
  await page.getByTestId("row").filter({ hasText: "Other 0" }).waitFor({ timeout: 1_000 });
});
assert.equal(await row(trip).count(), 0);
assert.equal(await row(plan).count(), 0);
assert.equal(await row(second).count(), 0);
const places = await page.locator("[aria-setsize]").last().getAttribute("aria-setsize");
assert.equal(Number(places), OTHERS);
ok("the whole list has each conversation once");

assert.deepEqual(problems, []);
await browser.close();
console.log("done");
