// A mailbox of many messages: its list is scrolled to any position with few rows in the page, all
// messages are changed at once, and five tabs share one event stream.
import assert from "node:assert/strict";
import net from "node:net";
import {
  ATTEMPT_MS, base, launch, message, ok, password, problems, profile, search, signIn, soon,
} from "./support.mjs";

const me = process.env.POSTERN_ADDRESS;
const user = me.split("@")[0];
const count = Number(process.env.MESSAGES_E2E ?? 2_000);
const ROWS_MAX = 60;
const LANES = 8;

/** Delivers messages over one connection until none are left. */
function lane(next) {
  return new Promise((resolve, reject) => {
    const [host, port] = process.env.POSTERN_SMTP.split(":");
    const socket = net.connect(Number(port), host);
    let state = "greeting";
    let number = null;
    const begin = () => {
      number = next();
      if (number === null) return socket.end("QUIT\r\n", resolve);
      state = "data";
      socket.write(`MAIL FROM:<a@partner.example>\r\nRCPT TO:<${me}>\r\nDATA\r\n`);
    };
    socket.on("error", reject);
    socket.on("data", (chunk) => {
      const said = chunk.toString();
      if (state === "greeting") {
        state = "hello";
        socket.write("EHLO e2e.example\r\n");
      } else if (state === "hello") begin();
      else if (state === "data" && said.includes("354")) {
        state = "sent";
        socket.write(`${message(`Message number ${number}`, "Text.")}\r\n.\r\n`);
      } else if (state === "sent") {
        if (!said.startsWith("250")) return reject(new Error(said));
        begin();
      }
      return undefined;
    });
  });
}
let sent = 0;
const next = () => (sent < count ? sent++ : null);
await Promise.all(Array.from({ length: LANES }, () => lane(next)));

const browser = await launch();
const page = await profile(browser, { viewport: { width: 1280, height: 800 } });
let streams = 0;
page.context().on("request", (request) => {
  if (request.url().endsWith("/api/events")) streams += 1;
});
await signIn(page, user, password);
const list = page.getByTestId("list");
const rows = () => list.locator("li").count();

/** Keeps the latest notice open by hovering over it, so that it can be undone later. */
const hold = () => page.getByTestId("toast-undo").last().hover();
const undo = () => page.getByTestId("toast-undo").last().click();

/** Ticks everything. A page of rows that comes meanwhile is not ticked yet. */
const tickEverything = () =>
  soon(async () => {
    const offer = page.getByTestId("everything");
    if (!(await offer.isVisible())) await page.getByTestId("select-all").click();
    await offer.click({ timeout: ATTEMPT_MS });
    await page.getByTestId("everything-clear").waitFor({ timeout: ATTEMPT_MS });
  });

/** Scrolls to a share of the list, and sees the messages that belong there. */
async function seeAt(share) {
  const wanted = (count - 1) * (1 - share);
  await list.evaluate((box, to) => (box.scrollTop = (box.scrollHeight - box.clientHeight) * to), share);
  await page.waitForFunction(() => {
    const box = document.querySelector("[data-testid=list]");
    const { top, bottom } = box.getBoundingClientRect();
    const inside = [...box.querySelectorAll("li")].filter((one) => {
      const { y, height } = one.getBoundingClientRect();
      return y + height > top && y < bottom;
    });
    return inside.length > 0 && inside.every((one) => one.querySelector("[data-testid=row]"));
  });
  await soon(async () => {
    const drawn = await rows();
    assert.ok(drawn <= ROWS_MAX, `${drawn} rows in the page`);
    const texts = await list.locator("[data-testid=row]").allInnerTexts();
    const seen = texts.map((text) => Number(text.match(/Message number (\d+)/)[1]));
    // Lanes deliver a little out of step.
    const near = Math.min(...seen.map((number) => Math.abs(number - wanted)));
    assert.ok(near < 100, `at ${share}: ${seen} instead of about ${wanted}`);
  });
}

// The filter finds what is far beyond the loaded rows, and says how many there are. A word also finds
// longer ones that begin with it.
await page.getByTestId("row").first().waitFor();
const numbers = Array.from({ length: count }, (_, n) => String(n)).filter((n) => n.startsWith("17"));
await page.getByTestId("filter").fill("message 17");
await page.getByTestId("search-count").filter({ hasText: `${numbers.length} results in Inbox` }).waitFor();
await soon(async () => {
  const [text] = await list.locator("[data-testid=row]").allInnerTexts();
  assert.ok(numbers.includes(text.match(/Message number (\d+)/)[1]), text);
});
await page.getByTestId("filter").fill("nothing like this");
await page.getByTestId("filter-none").filter({ hasText: "Nothing here matches" }).waitFor();
await page.getByTestId("filter").fill("");
await page.getByTestId("list-count").waitFor();
ok(`the filter finds ${numbers.length} of ${count}, wherever they are`);

for (const share of [0, 0.5, 1, 0.25, 0.75, 0]) await seeAt(share);
ok(`a list of ${count} is scrolled to any place with at most ${ROWS_MAX} rows`);

// A change of all messages at once, which can be undone.
await page.reload();
await page.getByTestId("row").first().waitFor();
await tickEverything();
await page.getByTestId("bulk-archive").click();
await page.getByTestId("empty").waitFor();
await undo();
await page.getByTestId("row").first().waitFor();
await page.getByTestId("list-count").filter({ hasText: String(count) }).waitFor();
ok(`all ${count} are archived, and restored`);

// A label for all messages includes those that are not loaded.
await page.reload();
await page.getByTestId("row").first().waitFor();
await tickEverything();
await page.getByTestId("bulk-label").click();
await page.getByTestId("label-name").fill("Counted");
await page.getByTestId("label-add").click();
await page.getByTestId("labels").waitFor({ state: "detached" });
await hold();
await search(page, `label:counted subject:"number ${Math.floor(count / 2)}"`);
await page.getByTestId("row").filter({ hasText: `Message number ${Math.floor(count / 2)}` }).first().waitFor();
await page.goBack();
await undo();
// The undo takes a while; the search is repeated until it is complete.
await soon(async () => {
  await search(page, `subject:"number ${Math.floor(count / 3)}"`);
  await page.getByTestId("row").first().waitFor({ timeout: ATTEMPT_MS });
  await search(page, "label:counted");
  await page.getByText("No messages found").waitFor({ timeout: ATTEMPT_MS });
});
await page.goto(`${base}/mail/inbox`);
await page.getByTestId("row").first().waitFor();
ok(`all ${count} get a label, which is then removed`);

// Five tabs share one event stream: each shows a new message.
const tabs = await Promise.all(
  Array.from({ length: 4 }, async () => {
    const tab = await page.context().newPage();
    await tab.goto(`${base}/mail/inbox`);
    await tab.getByTestId("row").first().waitFor();
    return tab;
  }),
);
streams = 0;
sent = count;
const one = [count];
await lane(() => one.shift() ?? null);
for (const tab of [page, ...tabs])
  await tab.getByText(`Message number ${count}`).first().waitFor();
assert.equal(streams, 0, "no tab opened a stream of its own to hear of it");
ok("five tabs share one event stream");

await browser.close();
assert.deepEqual(problems, []);
console.log("done");
