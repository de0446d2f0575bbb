// Measures a large mailbox through the API, as a browser uses it: HTTPS on loopback, every request
// signed.
//
//   POSTERN=binary MESSAGES=100000 OPENED=20000 node benches/mailbox.mjs
//
// Starts the release build as `postern demo` in a temporary folder, delivers MESSAGES messages of
// about 1 KiB by SMTP, opens OPENED of them, has them indexed, and then measures each request
// ROUNDS times, one after another over one connection. Prints the median, the 95th percentile and
// the slowest time in milliseconds, which include this program's own signing.
import { Browser, deliver, measure, start } from "./daemon.mjs";

const messages = Number(process.env.MESSAGES ?? 100_000);
const toOpen = Number(process.env.OPENED ?? 20_000);
const rounds = Number(process.env.ROUNDS ?? 100);
const daemon = await start();

// ---- messages: words are distributed as in natural language, a few frequent and many rare
let seed = 1;
const random = () => {
  seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
  return seed / 0x7fffffff;
};
const word = () => `w${Math.floor(20_000 ** random()).toString(36)}`;
const line = (count) => Array.from({ length: count }, word).join(" ");
const message = (n) =>
  `From: Sender ${n % 500} <s${n % 500}@peer.example>\r\nTo: <u1@test.example>\r\n` +
  `Subject: ${line(4)}\r\nMessage-ID: <${n}@peer.example>\r\n\r\n` +
  `${Array.from({ length: 12 }, () => line(14)).join("\r\n")}\r\n` +
  (n % 1_000 === 0 ? "The platypus of a thousand messages.\r\n" : "");

const browser = new Browser(daemon);
const call = (method, path, body) => browser.call(method, path, body);

const seconds = async (what, work) => {
  const begun = performance.now();
  const note = await work();
  console.log(`${what}: ${((performance.now() - begun) / 1_000).toFixed(1)} s${note ?? ""}`);
};

await seconds(`${messages} messages delivered`, () =>
  deliver(daemon.smtp, messages, message),
);
if ((await browser.signIn("u1")) !== 201) throw new Error("the sign-in was refused");
const references = [];
await seconds("the whole list, 200 per page", async () => {
  for (let before = ""; before !== null; ) {
    const page = await call("GET", `/api/messages?mailbox=inbox&limit=200${before}`);
    references.push(...page.items.map((item) => item.reference));
    before = page.next === null ? null : `&before=${page.next}`;
  }
  return `, ${references.length} messages`;
});
await seconds(`${toOpen} messages opened, four at a time`, async () => {
  const queue = references.slice(0, toOpen);
  const lane = async () => {
    for (let one = queue.pop(); one; one = queue.pop())
      await call("POST", `/api/messages/${one}/open`, {});
  };
  await Promise.all(Array.from({ length: 4 }, lane));
});
await seconds("messages indexed", async () => {
  let steps = 0;
  for (let waiting = 1; waiting > 0; steps += 1)
    ({ waiting } = await call("POST", "/api/search/index", {}));
  return `, ${steps} requests`;
});

await measure("open the inbox (mailboxes + first 50 conversations)", rounds, async () => {
  await call("GET", "/api/mailboxes");
  await call("GET", "/api/conversations?mailbox=inbox&limit=50");
});
await measure("the same, message by message", rounds, async () => {
  await call("GET", "/api/mailboxes");
  await call("GET", "/api/messages?mailbox=inbox&limit=50");
});
await measure("read a message that was opened before", rounds, (round) =>
  call("GET", `/api/messages/${references[round]}`),
);
await measure("open a message for the first time", rounds, (round) =>
  call("POST", `/api/messages/${references[toOpen + round]}/open`, {}),
);
for (let waiting = 1; waiting > 0; )
  ({ waiting } = await call("POST", "/api/search/index", {}));
for (const query of ["platypus", "w1", "wf0 wf1", "from:s77", "subject:wa", "\"platypus of a\"",
  "w1 -w2 is:unread", "w", "has:attachment"]) {
  const path = `/api/search?q=${encodeURIComponent(query)}&limit=50`;
  const { items } = await call("GET", path);
  await measure(`search ${query} (${items.length} shown)`, rounds, () => call("GET", path));
}
console.log(`resident memory: ${daemon.memory().toFixed(0)} MiB`);
await daemon.stop();
process.exit(0);
