// Measures how long a line takes from the one who says it to each reader of a chat room.
//
//   POSTERN=binary PEOPLE=1000 LINES=30 node benches/chat.mjs
//
// Starts the release build as `postern demo` in a temporary folder with PEOPLE accounts, which all join one
// room and open the stream of events: HTTPS on loopback, a connection for each. One of them says LINES lines,
// one each EVERY_MS. Meanwhile the others do what the page does: each reports what it read, within ten seconds
// and not all at once; READS=0 leaves that out. Prints how long a line took from the request to each stream:
// the median, the 99th percentile and the slowest, which include this program's own work for all of these
// people; the same for the answer to who said it; the daemon's memory; and the octets on the disk for each line.
// Wanted: 99 of 100 within 250 ms with 1,000 people; otherwise, or if a line is missing somewhere, twice, or
// out of order, it ends with status 1.
import https from "node:https";
import { setTimeout as after } from "node:timers/promises";
import { Browser, start } from "./daemon.mjs";

const people = Number(process.env.PEOPLE ?? 1_000);
const count = Number(process.env.LINES ?? 30);
const every = Number(process.env.EVERY_MS ?? 1_000);
const doesRead = process.env.READS !== "0";
const WANTED_MS = 250;
const READ_SPREAD_MS = 9_000;

const env = {
  POSTERN_HTTPS__CONNECTIONS_MAX: String(people * 4 + 100),
  POSTERN_HTTPS__CONNECTIONS_PER_ADDRESS_MAX: String(people * 4 + 100),
  POSTERN_PASSWORDS__MEMORY_KIB: "8192",
};
const begun = performance.now();
const daemon = await start({ accounts: people, env });
const seconds = () => ((performance.now() - begun) / 1_000).toFixed(1);
console.log(`${people} accounts: ${seconds()} s`);

/** Does something for each, some at once. */
async function each(all, work) {
  const left = [...all.entries()];
  const lane = async () => {
    for (let next = left.shift(); next; next = left.shift())
      await work(next[1], next[0]);
  };
  await Promise.all(Array.from({ length: 8 }, lane));
}

const browsers = Array.from(
  { length: people },
  (_, n) =>
    new Browser(daemon, {
      from: `127.${10 + (n >> 8)}.${n & 255}.7`,
      sockets: 2,
    }),
);
await each(browsers, async (browser, n) => {
  const status = await browser.signIn(`u${n + 1}`);
  if (status !== 201) throw new Error(`the sign-in of u${n + 1}: ${status}`);
});
console.log(`signed in: ${seconds()} s`);

const [speaker, ...others] = browsers;
const { id: room } = await speaker.call("POST", "/api/rooms", {
  name: "Everybody",
  sharesEarlier: true,
});
await each(others, (browser) =>
  browser.call("POST", "/api/rooms/asked", { room }),
);
for (let left = others.length; left > 0;) {
  const { items } = await speaker.call("GET", `/api/rooms/${room}/requests`);
  for (const { person } of items)
    await speaker.call("POST", `/api/rooms/${room}/requests/${person.id}`, {
      verdict: "admit",
    });
  left -= items.length;
}
console.log(`in one room: ${seconds()} s`);

const said = [];
const times = [];
let wrong = 0;

/** Opens the stream of one browser; resolves once it listens. */
function listen(browser) {
  let [text, last, reads] = ["", -1, false];
  const report = async (number) => {
    await after(1_000 + READ_SPREAD_MS * Math.random());
    reads = false;
    await browser.call("PUT", `/api/rooms/${room}/read`, { number });
  };
  const heard = (line) => {
    const now = performance.now();
    const n = Number(/^line (\d+) /.exec(line.text)[1]);
    if (n !== last + 1) wrong += 1;
    last = n;
    times.push(now - said[n]);
    if (!doesRead || reads || browser === speaker) return;
    reads = true;
    report(line.number).catch(() => (wrong += 1));
  };
  return new Promise((resolve, reject) => {
    const { agent, web, from } = browser;
    const path = "/api/events";
    const headers = browser.headers("GET", path);
    const request = https.request(
      {
        agent,
        host: "127.0.0.1",
        port: web,
        localAddress: from,
        path,
        headers,
      },
      (response) => {
        if (response.statusCode !== 200)
          return reject(new Error(`${response.statusCode}`));
        response.on("error", () => {});
        response.on("data", (chunk) => {
          text += chunk;
          const blocks = text.split("\n\n");
          text = blocks.pop();
          for (const block of blocks) {
            if (block === ": here") resolve(() => request.destroy());
            const data = /^event: chat-line\ndata: (.*)$/.exec(block);
            if (data !== null) heard(JSON.parse(data[1]).line);
          }
        });
      },
    );
    request.on("error", reject);
    request.end();
  });
}

const closes = [];
await each(browsers, async (browser) => closes.push(await listen(browser)));
console.log(
  `listening: ${seconds()} s, resident memory ${daemon.memory().toFixed(0)} MiB`,
);

const answers = [];
const before = daemon.written();
for (let n = 0; n < count; n += 1) {
  said.push(performance.now());
  const clientId = n.toString(16).padStart(32, "0");
  await speaker.call("POST", `/api/rooms/${room}/lines`, {
    clientId,
    text: `line ${n} of some words`,
  });
  answers.push(performance.now() - said[n]);
  await after(every);
}
for (
  let waited = 0;
  times.length < people * count && waited < 30_000;
  waited += 100
)
  await after(100);
const octets = daemon.written() - before;

function show(what, all) {
  all.sort((a, b) => a - b);
  const at = (part) =>
    all[Math.min(all.length - 1, Math.floor(all.length * part))] ?? Infinity;
  const [median, most, slowest] = [at(0.5), at(0.99), at(1)].map((ms) =>
    ms.toFixed(1),
  );
  console.log(
    `${what}: median ${median} ms, 99 % ${most} ms, slowest ${slowest} ms`,
  );
  return at(0.99);
}
const reached = show(
  `${times.length} of ${people * count} lines at their readers`,
  times,
);
show("the answer to who says one", answers);
console.log(`octets on the disk for each line: ${Math.round(octets / count)}`);
console.log(
  `resident memory: ${daemon.memory().toFixed(0)} MiB, at its highest ${daemon.peak().toFixed(0)} MiB`,
);
if (wrong > 0)
  console.log(`${wrong} lines came out of order, or were not reported as read`);
const isGood =
  times.length === people * count && wrong === 0 && reached < WANTED_MS;
for (const close of closes) close();
await daemon.stop();
process.exit(isGood ? 0 : 1);
