// Measures a large calendar through the API, as a browser uses it: HTTPS on loopback, every request signed.
//
//   POSTERN=binary ENTRIES=20000 ROUNDS=100 node benches/schedule.mjs
//
// Starts the release build as `postern demo` in a temporary folder, and adds ENTRIES entries over ten years,
// of which each fiftieth is repeated: every day, on working days, in some weeks, or each month, with and
// without an end. Then it measures each request ROUNDS times, one after another over one connection. Prints the
// median, the 95th percentile and the slowest time in milliseconds, which include this program's own signing.
// Wanted: a month within 50 ms with 20,000 entries; otherwise it ends with status 1. At last it adds what an
// account can do to the processor: WORST entries with the rule that takes the most days to look at for the
// fewest starts.
import { Browser, measure, start } from "./daemon.mjs";

const number = (name, otherwise) => Number(process.env[name] ?? otherwise);
const [entries, rounds, worst] = [number("ENTRIES", 20_000), number("ROUNDS", 100), number("WORST", 1_000)];
const WANTED_MS = 50;
const LANES = 4;
const DAY_MS = 86_400_000;
const BEGIN = Date.UTC(2018, 0, 1, 8);
const DAYS = 3_653;
const RULES = [
  "FREQ=DAILY;COUNT=90",
  "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;UNTIL=20271231",
  "FREQ=WEEKLY;INTERVAL=2",
  "FREQ=MONTHLY;BYDAY=-1FR",
];

const daemon = await start();
const browser = new Browser(daemon, { sockets: LANES });
const call = (method, path, body) => browser.call(method, path, body);
let isSlow = false;

async function within(what, wantedMs, work) {
  isSlow ||= (await measure(what, rounds, work)) > wantedMs;
}

const local = (ms) => new Date(ms).toISOString().slice(0, 19);
const seconds = (since) => `${((performance.now() - since) / 1_000).toFixed(1)} s`;

const entry = (n) => ({
  title: `Review ${n} of the budget`,
  placeKind: "outside",
  place: `Room ${n % 97}`,
  text: "Bring the figures of the last quarter. ".repeat(1 + (n % 8)),
  start: local(BEGIN + Math.floor((n * DAYS) / entries) * DAY_MS + (n % 20) * 1_800_000),
  durationMinutes: 30 + (n % 4) * 15,
  timeZone: "Europe/Berlin",
  repeat: n % 50 === 0 ? RULES[(n / 50) % RULES.length] : null,
});

/** Adds so many entries over several connections. */
async function add(count, one) {
  let next = 0;
  const lane = async () => {
    while (next < count) await call("POST", "/api/schedule/entries", one(next++));
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

const month = (year, at) => {
  const [from, to] = [Date.UTC(year, at, 1), Date.UTC(year, at + 1, 1)];
  return `/api/schedule?from=${local(from)}Z&to=${local(to)}Z`;
};

if ((await browser.signIn("u1")) !== 201) throw new Error("the sign-in was refused");
const begun = performance.now();
await add(entries, entry);
console.log(`${entries} entries added: ${seconds(begun)}`);

const { items } = await call("GET", month(2026, 11));
if (items.length === 0) throw new Error("nothing happens in a month");
await within(`a month (${items.length} shown)`, WANTED_MS, () => call("GET", month(2026, 11)));
await within("each month in turn", WANTED_MS, (n) => call("GET", month(2018 + (n % 9), n % 12)));
await within("a month long after", WANTED_MS, () => call("GET", month(2090, 5)));
await measure("400 days", Math.min(rounds, 20), () =>
  call("GET", "/api/schedule?from=2026-01-01T00:00:00Z&to=2027-02-01T00:00:00Z"),
);
await within("read an entry", WANTED_MS, (n) =>
  call("GET", `/api/schedule/entries/${items[n % items.length].id}`),
);
await within("add an entry", WANTED_MS, (n) => call("POST", "/api/schedule/entries", entry(n * 50 + 1)));
console.log(`resident memory: ${daemon.memory().toFixed(0)} MiB`);

const before = performance.now();
const seldom = { ...entry(1), start: "1900-01-01T10:00:00" };
await add(worst, () => ({ ...seldom, repeat: "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;COUNT=10000" }));
console.log(`${worst} entries that seldom happen added: ${seconds(before)}`);
const { more } = await call("GET", month(2028, 1));
await measure(`a month with them (more: ${more})`, Math.min(rounds, 10), () => call("GET", month(2028, 1)));
await daemon.stop();
process.exit(isSlow ? 1 : 0);
