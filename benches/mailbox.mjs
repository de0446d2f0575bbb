// Measures a large mailbox through the API, as a browser uses it: HTTPS on loopback, every request
// signed.
//
//   POSTERN=binary MESSAGES=100000 OPENED=20000 node benches/mailbox.mjs
//
// Starts the release build as `postern demo` in a temporary folder, delivers MESSAGES messages of
// about 1 KiB by SMTP, opens OPENED of them, has them indexed, and then measures each request
// ROUNDS times, one after another over one connection. Prints the median, the 95th percentile and
// the slowest time in milliseconds, which include this program's own signing.
import { execFileSync, spawn } from "node:child_process";
import { createHash, webcrypto } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import https from "node:https";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const binary = process.env.POSTERN ?? "target/release/postern";
const messages = Number(process.env.MESSAGES ?? 100_000);
const toOpen = Number(process.env.OPENED ?? 20_000);
const rounds = Number(process.env.ROUNDS ?? 100);
const PASSWORD = "bench-password-of-one-day";

const folder = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), "postern-mailbox."));
const passwordFile = join(folder, "password");
writeFileSync(passwordFile, PASSWORD, { mode: 0o600 });
const port = () =>
  Number(
    execFileSync("python3", [
      "-c",
      "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])",
    ]),
  );
const [smtp, web] = [port(), port()];
const data = join(folder, "data");
const daemon = spawn(
  binary,
  ["demo", "--data", data, "--keep", "--no-samples", "--domain", "test.example", "--accounts", "1",
    "--password-file", passwordFile, "--smtp", `127.0.0.1:${smtp}`, "--https", `127.0.0.1:${web}`],
  { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, POSTERN_LOG__LEVEL: "error" } },
);
const stopped = new Promise((resolve) => daemon.on("exit", resolve));
process.on("exit", () => {
  daemon.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});
await new Promise((resolve) => {
  let said = "";
  daemon.stdout.on("data", (chunk) => (said += chunk).includes("ready") && resolve());
});

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

async function deliver(count) {
  const lanes = 16;
  let next = 0;
  const lane = () =>
    new Promise((resolve, reject) => {
      const socket = net.connect(smtp, "127.0.0.1");
      socket.setNoDelay(true);
      let state = "greeting";
      let number = 0;
      const begin = () => {
        if (next >= count) return socket.end("QUIT\r\n", resolve);
        number = next++;
        state = "data";
        socket.write("MAIL FROM:<a@peer.example>\r\nRCPT TO:<u1@test.example>\r\nDATA\r\n");
      };
      socket.on("error", reject);
      socket.on("data", (chunk) => {
        const said = chunk.toString();
        if (state === "greeting") {
          state = "hello";
          socket.write("EHLO bench.example\r\n");
        } else if (state === "hello") begin();
        else if (state === "data" && said.includes("354")) {
          state = "sent";
          socket.write(`${message(number)}.\r\n`);
        } else if (state === "sent") {
          if (!said.startsWith("250")) return reject(new Error(said));
          begin();
        }
      });
    });
  await Promise.all(Array.from({ length: lanes }, lane));
}

// ---- the API
const agent = new https.Agent({
  keepAlive: true,
  maxSockets: 4,
  ca: readFileSync(join(data, "ca.pem")),
});
const { privateKey, publicKey } = await webcrypto.subtle.generateKey(
  { name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"],
);
const { crv, kty, x, y } = await webcrypto.subtle.exportKey("jwk", publicKey);
const b64 = (value) => Buffer.from(value).toString("base64url");
let token = null;

async function proof(method, path) {
  const claims = {
    htm: method,
    htu: `https://127.0.0.1:${web}${path.split("?")[0]}`,
    iat: Math.floor(Date.now() / 1_000),
    jti: webcrypto.randomUUID(),
    ...(token && { ath: createHash("sha256").update(token).digest("base64url") }),
  };
  const header = { typ: "dpop+jwt", alg: "ES256", jwk: { crv, kty, x, y } };
  const signed = `${b64(JSON.stringify(header))}.${b64(JSON.stringify(claims))}`;
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  const signature = await webcrypto.subtle.sign(algorithm, privateKey, Buffer.from(signed));
  return `${signed}.${b64(signature)}`;
}

async function call(method, path, body) {
  const headers = { dpop: await proof(method, path) };
  if (token) headers.authorization = `DPoP ${token}`;
  if (body) headers["content-type"] = "application/json";
  const answer = await new Promise((resolve, reject) => {
    const options = { agent, host: "127.0.0.1", port: web, method, path, headers };
    const request = https.request(options, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => resolve([response.statusCode, Buffer.concat(chunks).toString()]));
    });
    request.on("error", reject);
    request.end(body && JSON.stringify(body));
  });
  const [status, text] = answer;
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
  return text === "" ? null : JSON.parse(text);
}

const seconds = async (what, work) => {
  const begun = performance.now();
  const note = await work();
  console.log(`${what}: ${((performance.now() - begun) / 1_000).toFixed(1)} s${note ?? ""}`);
};

async function measure(what, work) {
  const times = [];
  for (let round = 0; round < rounds; round += 1) {
    const begun = performance.now();
    await work(round);
    times.push(performance.now() - begun);
  }
  times.sort((a, b) => a - b);
  const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))].toFixed(2);
  console.log(`${what}: median ${at(0.5)} ms, 95 % ${at(0.95)} ms, slowest ${at(1)} ms`);
}

await seconds(`${messages} messages delivered`, () => deliver(messages));
const login = { name: "u1", password: PASSWORD, profile: "shared" };
({ token } = await call("POST", "/api/session", login));
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

await measure("open the inbox (mailboxes + first 50)", async () => {
  await call("GET", "/api/mailboxes");
  await call("GET", "/api/messages?mailbox=inbox&limit=50");
});
await measure("read a message that was opened before", (round) =>
  call("GET", `/api/messages/${references[round]}`),
);
await measure("open a message for the first time", (round) =>
  call("POST", `/api/messages/${references[toOpen + round]}/open`, {}),
);
for (let waiting = 1; waiting > 0; )
  ({ waiting } = await call("POST", "/api/search/index", {}));
for (const query of ["platypus", "w1", "wf0 wf1", "from:s77", "subject:wa", "\"platypus of a\"",
  "w1 -w2 is:unread", "w", "has:attachment"]) {
  const path = `/api/search?q=${encodeURIComponent(query)}&limit=50`;
  const { items } = await call("GET", path);
  await measure(`search ${query} (${items.length} shown)`, () => call("GET", path));
}
const rss = readFileSync(`/proc/${daemon.pid}/status`, "utf8").match(/VmRSS:\s*(\d+)/)[1];
console.log(`resident memory: ${(rss / 1_024).toFixed(0)} MiB`);
daemon.kill();
await stopped;
process.exit(0);
