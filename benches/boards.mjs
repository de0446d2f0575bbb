// Measures boards that many people read through the API, as a browser uses it: HTTPS on loopback, every
// request signed.
//
//   POSTERN=binary READERS=10000 MEMBERS=10000 POSTS=200 ROUNDS=100 node benches/boards.mjs
//
// Starts the release build as `postern demo` in a temporary folder with READERS accounts, which takes a
// while, and makes two boards: one that everybody inside reads, and one for groups with MEMBERS members.
// On each, somebody begins a topic and writes POSTS answers; then each request is measured ROUNDS times, one
// after another over one connection: posting, the list of topics, opening the topic where it was not read,
// and how much is unread. Prints the median, the 95th percentile and the slowest time in milliseconds, which
// include this program's own signing, what the disk was given for each post, and the resident memory.
import { Browser, measure, start } from "./daemon.mjs";

const number = (name, otherwise) => Number(process.env[name] ?? otherwise);
const [readers, members] = [number("READERS", 10_000), number("MEMBERS", 10_000)];
const [posts, rounds] = [number("POSTS", 200), number("ROUNDS", 100)];
const GROUP = 499;
const text = "What there is for lunch today, and where. ".repeat(10);

const seconds = (since) => `${((performance.now() - since) / 1_000).toFixed(1)} s`;
const began = performance.now();
const daemon = await start({ accounts: readers });
console.log(`${readers} accounts: ${seconds(began)}`);
const [writer, reader] = [new Browser(daemon), new Browser(daemon)];
for (const [browser, name] of [
  [writer, "u1"],
  [reader, "u2"],
]) {
  if ((await browser.signIn(name)) !== 201) throw new Error("the sign-in was refused");
}

async function written(browser, board, post) {
  const path = `/api/boards/${board}/posts`;
  const headers = { ...browser.headers("POST", path), "content-type": "application/json" };
  headers["idempotency-key"] = crypto.randomUUID();
  const [status, said] = await browser.send({ method: "POST", path, headers }, JSON.stringify(post));
  if (status !== 201) throw new Error(`a post: ${status} ${said}`);
  return JSON.parse(said).reference;
}

async function board(name, those) {
  const begun = performance.now();
  const grants = those.map((to) => ({ to, right: "write" }));
  const { id } = await writer.call("POST", "/api/boards", { name, grants });
  const topic = await written(writer, id, { title: "Lunch", text });
  for (let at = 0; at < posts; at += 1) await written(writer, id, { topic, text: `${at} ${text}` });
  const { readers: read } = await reader.call("GET", `/api/boards/${id}`);
  const who = read.everybody ? "everybody" : `${read.count} people`;
  console.log(`${name}, read by ${who}, with ${posts} posts: ${seconds(begun)}`);
  const before = daemon.written();
  await measure("  post", rounds, (n) => written(writer, id, { topic, text: `again ${n} ${text}` }));
  const octets = (daemon.written() - before) / rounds;
  console.log(`  ${(octets / 1_024).toFixed(1)} KiB written for each post of ${text.length} octets`);
  await measure("  the topics", rounds, () => reader.call("GET", `/api/boards/${id}/topics`));
  await measure("  what is unread", rounds, () => reader.call("GET", "/api/boards"));
  await measure("  open the topic", rounds, () => reader.call("GET", `/api/posts/${topic}/topic?limit=50`));
  console.log(`  resident memory: ${daemon.memory().toFixed(0)} MiB`);
}

await board("Everybody's board", [{ kind: "everybody" }]);
const begun = performance.now();
const groups = [];
const last = Math.min(members, readers);
for (let first = 2; first <= last; first += GROUP) {
  const { id } = await writer.call("POST", "/api/groups", { name: "Many", description: "" });
  for (let at = first; at < Math.min(first + GROUP, last + 1); at += 1) {
    await writer.call("POST", `/api/groups/${id}/members`, { address: `u${at}` });
  }
  groups.push({ kind: "group", id });
}
console.log(`${groups.length} groups with ${last - 1} others: ${seconds(begun)}`);
await board("Groups' board", groups);
console.log(`highest resident memory: ${daemon.peak().toFixed(0)} MiB`);
await daemon.stop();
