// Measures a large address book through the API, as a browser uses it: HTTPS on loopback, every
// request signed.
//
//   POSTERN=binary CONTACTS=20000 NOTES=0 node benches/contacts.mjs
//
// Starts the release build as `postern demo` in a temporary folder, imports CONTACTS contacts, each with
// NOTES more characters of notes (at most 7,900), and then measures each request ROUNDS times, one after another over one connection. Prints the median,
// the 95th percentile and the slowest time in milliseconds, which include this program's own signing.
// Wanted: list and search within 50 ms with 20,000 contacts; otherwise it ends with status 1.
import { Browser, measure, start } from "./daemon.mjs";

const contacts = Number(process.env.CONTACTS ?? 20_000);
const notes = "long notes ".repeat(Number(process.env.NOTES ?? 0) / 11);
const rounds = Number(process.env.ROUNDS ?? 100);
const WANTED_MS = 50;
const PART = 200;
const daemon = await start();
const browser = new Browser(daemon);
const call = (method, path, body) => browser.call(method, path, body);
let isSlow = false;

async function within(what, wantedMs, work) {
  isSlow ||= (await measure(what, rounds, work)) > wantedMs;
}

// About 300 octets each, as address books have them.
const card = (n) =>
  `BEGIN:VCARD\r\nVERSION:3.0\r\nUID:${n}\r\nN:Family${n % 997};Given${n};;;\r\n` +
  `FN:Given${n} Family${n % 997}\r\nORG:Company ${n % 301};Department ${n % 7}\r\n` +
  `EMAIL;TYPE=work:g${n}@company${n % 301}.example\r\nEMAIL;TYPE=home:h${n}@mail.example\r\n` +
  `TEL;TYPE=cell:+49 30 ${String(n).padStart(7, "0")}\r\n` +
  `ADR;TYPE=home:;;Street ${n % 89};City ${n % 53};;${10_000 + (n % 9_000)};Country\r\n` +
  `NOTE:Met at the fair of ${1990 + (n % 36)} ${notes}\r\nCATEGORIES:Group ${n % 11}\r\nEND:VCARD\r\n`;

if ((await browser.signIn("u1")) !== 201) throw new Error("the sign-in was refused");
const begun = performance.now();
for (let from = 0; from < contacts; from += PART) {
  const cards = Array.from({ length: Math.min(PART, contacts - from) }, (_, at) => card(from + at));
  const body = { format: "vcard", text: cards.join("") };
  const { added, problems } = await call("POST", "/api/contacts/import", body);
  if (added !== cards.length || problems.length > 0) throw new Error(`${added} were added`);
}
console.log(`${contacts} contacts imported: ${((performance.now() - begun) / 1_000).toFixed(1)} s`);

const list = (query) => call("GET", `/api/contacts?${query}`);
await within("the first 50", WANTED_MS, () => list("limit=50"));
await within("50 in the middle", WANTED_MS, (round) => list(`limit=50&offset=${round * 100}`));
for (const q of ["given7", "family996 company", "0000777", "fair of 1999", "nobody"]) {
  const { total } = await list(`q=${encodeURIComponent(q)}`);
  const path = `limit=50&q=${encodeURIComponent(q)}`;
  await within(`search ${q} (${total} found)`, WANTED_MS, () => list(path));
}
const asked = { items: [{ address: "g7@company7.example", name: "Given7 Family7" }] };
await within("whose an address is", WANTED_MS, () => call("POST", "/api/contacts/lookup", asked));
const { items } = await list("limit=200");
await within("read a contact", WANTED_MS, (n) => call("GET", `/api/contacts/${items[n].id}`));
await within("add a contact", WANTED_MS, (n) =>
  call("POST", "/api/contacts", { name: { given: `New ${n}` } }),
);
console.log(`resident memory: ${daemon.memory().toFixed(0)} MiB`);
await daemon.stop();
process.exit(isSlow ? 1 : 0);
