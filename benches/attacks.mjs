// Plays the attacks that docs/security.md says nobody is shut out by, at full size, against the
// release build with its default limits, and measures what a victim feels meanwhile.
//
//   POSTERN=binary SECONDS=30 node benches/attacks.mjs [attack…]
//
// The daemon is `postern demo` on loopback. Each attack runs for SECONDS in a process of its own;
// the addresses of 127.0.0.0/8 are its networks. Meanwhile the victim, who signed in before, makes a
// signed request every 100 ms; the owner of the attacked account signs in with the right password,
// from the network she uses and from a new one, and obeys Retry-After. Printed for each attack: what
// the attacker got, the victim's median and slowest request, how long each sign-in took, and the
// highest resident memory of the daemon so far. One attack that is not in the list is nothing: it
// measures the victim alone.
import { fork } from "node:child_process";
import http2 from "node:http2";
import { setTimeout as after } from "node:timers/promises";
import tls from "node:tls";

import { Browser, deliver, PASSWORD, start } from "./daemon.mjs";

const SECONDS = Number(process.env.SECONDS ?? 30);
const MIB = 1 << 20;

/** The nth network's address: each is in a /24 of its own. */
const network = (n) => `127.${64 + ((n >> 8) % 128)}.${n & 255}.7`;

/** Counts what was answered. */
class Tally {
  counts = {};
  add(what) {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }
  toString() {
    const rows = Object.entries(this.counts).sort(([a], [b]) => (a < b ? -1 : 1));
    return rows.map(([what, count]) => `${what} × ${count}`).join(", ") || "nothing";
  }
}

/** Runs `count` lanes side by side until `until`; each does `work` again and again. */
async function lanes(count, until, tally, work) {
  const lane = async (n) => {
    while (Date.now() < until) {
      try {
        tally.add(await work(n));
      } catch (error) {
        tally.add(error.code ?? error.message.slice(0, 40));
        await after(20);
      }
    }
  };
  await Promise.all(Array.from({ length: count }, (_, n) => lane(n)));
}

/** A message of `mib` MiB with one file. */
function large(mib) {
  const line = `${"QUJD".repeat(19)}\r\n`;
  const file = line.repeat(Math.floor((mib * MIB) / line.length));
  return (
    "From: Rachel <rachel@peer.example>\r\nSubject: Plans\r\nMIME-Version: 1.0\r\n" +
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHere.\r\n--b\r\n" +
    "Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=p.pdf\r\n" +
    `Content-Transfer-Encoding: base64\r\n\r\n${file}\r\n--b--\r\n`
  );
}

async function signedIn(daemon, name, options) {
  const browser = new Browser(daemon, options);
  const status = await browser.signIn(name);
  if (status !== 201) throw new Error(`sign-in of ${name}: ${status}`);
  return browser;
}

/** Delivers a large message to `name` and opens it; returns its reference number. */
async function opened(daemon, browser, name, mib) {
  await deliver(daemon.smtp, 1, () => large(mib), { to: () => name, lanes: 1 });
  const { items } = await browser.call("GET", "/api/messages?mailbox=inbox&limit=1");
  await browser.call("POST", `/api/messages/${items[0].reference}/open`, {});
  return items[0].reference;
}

const link = async (browser, reference, kind) =>
  (await browser.call("POST", `/api/messages/${reference}/ticket`, { kind })).url;

/** An HTTP/2 connection that never reads more than the first octets of what it asked for. */
function stalled({ web, ca }, from = "127.0.0.1") {
  const settings = { initialWindowSize: 0 };
  const options = { ca, localAddress: from, settings };
  const session = http2.connect(`https://127.0.0.1:${web}`, options);
  session.on("error", () => {});
  return session;
}

/** Each attack: what it is, and what its process does until `until`. */
const ATTACKS = {
  nothing: {
    what: "nobody attacks",
    run: ({ until }) => after(until - Date.now()),
  },
  guesses: {
    what: "one address guesses at the owner's password without a pause",
    run: async ({ daemon, until, tally }) => {
      const strangers = Array.from({ length: 8 }, () => new Browser(daemon, { from: network(1) }));
      await lanes(8, until, tally, (n) => strangers[n].signIn("u1", "wrong"));
    },
  },
  distributed: {
    what: "420 networks guess at the owner's password",
    run: async ({ daemon, until, tally }) => {
      const strangers = Array.from(
        { length: 420 },
        (_, n) => new Browser(daemon, { from: network(n), sockets: 1 }),
      );
      let next = 0;
      await lanes(64, until, tally, () => strangers[next++ % 420].signIn("u1", "wrong"));
    },
  },
  names: {
    what: "420 networks keep the memory for passwords busy with names that do not exist",
    run: async ({ daemon, until, tally }) => {
      const strangers = Array.from(
        { length: 420 },
        (_, n) => new Browser(daemon, { from: network(n), sockets: 1 }),
      );
      let next = 0;
      await lanes(64, until, tally, () => {
        const n = next++;
        return strangers[n % 420].signIn(`nobody${n}`, "wrong");
      });
    },
  },
  proofs: {
    what: "6,700 networks send signed requests of strangers",
    run: async ({ daemon, until, tally }) => {
      let next = 0;
      const body = { user: "x", credential: "x", client_data: "x", authenticator_data: "x", signature: "x" };
      await lanes(64, until, tally, async () => {
        const stranger = new Browser(daemon, { from: network(next++ % 6_700), sockets: 1 });
        const [status] = await stranger.ask("POST", "/api/session/passkey", body);
        stranger.agent.destroy();
        return status;
      });
    },
  },
  downloads: {
    what: "one account follows 30 links to a message of 40 MiB and reads none of them",
    run: async ({ daemon, until, tally }) => {
      const browser = await signedIn(daemon, "u2");
      const reference = await opened(daemon, browser, "u2", 40);
      await lanes(30, until, tally, async () => {
        const url = await link(browser, reference, "raw");
        const session = stalled(daemon);
        const request = session.request({ ":path": new URL(url, "https://x").pathname });
        return new Promise((resolve) => {
          let status = "no answer";
          request.on("response", (head) => (status = head[":status"]));
          request.on("error", () => {});
          request.on("close", () => resolve(status));
          session.on("close", () => resolve(status));
          after(Math.max(0, until - Date.now())).then(() => (session.destroy(), resolve(status)));
        });
      });
    },
  },
  imports: {
    what: "one account sends 20 imports of 60 MiB that never end",
    run: async ({ daemon, until, tally }) => {
      const browser = await signedIn(daemon, "u2");
      const piece = Buffer.alloc(MIB, "a");
      await lanes(20, until, tally, async () => {
        const path = "/api/messages/import";
        const own = new Browser(daemon, { sockets: 1 });
        const head = [
          `POST ${path} HTTP/1.1`,
          `Host: 127.0.0.1:${daemon.web}`,
          `Content-Length: ${60 * MIB}`,
          "Content-Type: application/octet-stream",
          ...Object.entries(browser.headers("POST", path)).map(([name, value]) => `${name}: ${value}`),
        ];
        own.agent.destroy();
        return new Promise((resolve) => {
          const socket = tls.connect({ host: "127.0.0.1", port: daemon.web, ca: daemon.ca });
          let said = "cut off";
          socket.on("data", (chunk) => (said = chunk.toString().slice(9, 12)));
          socket.on("error", () => {});
          socket.on("close", () => resolve(said));
          socket.write(`${head.join("\r\n")}\r\n\r\n`);
          for (let n = 0; n < 59; n += 1) socket.write(piece);
          after(Math.max(0, until - Date.now())).then(() => socket.destroy());
        });
      });
    },
  },
  halves: {
    what: "strangers on 90 connections send 60 sign-ins each without their last octet",
    run: async ({ daemon, until, tally }) => {
      const body = Buffer.alloc(8_000, " ");
      const connection = (n) =>
        new Promise((resolve) => {
          const from = network(n);
          const session = http2.connect(`https://127.0.0.1:${daemon.web}`, { ca: daemon.ca, localAddress: from });
          session.on("error", () => {});
          session.on("close", resolve);
          const stranger = new Browser(daemon, { from, sockets: 1 });
          for (let stream = 0; stream < 60; stream += 1) {
            const request = session.request({
              ":method": "POST",
              ":path": "/api/session",
              "content-type": "application/json",
              "content-length": body.length + 1,
              ...stranger.headers("POST", "/api/session"),
            });
            request.on("response", (head) => tally.add(head[":status"]));
            request.on("error", () => tally.add("ended"));
            request.write(body);
          }
          after(Math.max(0, until - Date.now())).then(() => session.destroy());
        });
      const lane = async (n) => {
        while (Date.now() < until) await connection(n);
      };
      await Promise.all(Array.from({ length: 90 }, (_, n) => lane(n)));
    },
  },
  links: {
    what: "one account makes links from as many sessions as it can get",
    run: async ({ daemon, until, tally }) => {
      const first = await signedIn(daemon, "u2");
      const reference = await opened(daemon, first, "u2", 1);
      const sessions = [first];
      for (let n = 0; n < 52; n += 1) {
        const browser = new Browser(daemon, { from: network(n) });
        const status = await browser.signIn("u2");
        tally.add(`sign-in ${status}`);
        if (status === 201) sessions.push(browser);
      }
      await lanes(16, until, tally, async (n) => {
        // The newest ones: the account's oldest sessions ended when it had too many.
        const browser = sessions.at(-1 - (n % sessions.length));
        const [status] = await browser.ask("POST", `/api/messages/${reference}/ticket`, { kind: "raw" });
        return `link ${status}`;
      });
    },
  },
  zips: {
    what: "one account downloads 24 ZIP files of a message of 30 MiB at a time",
    run: async ({ daemon, until, tally }) => {
      const browser = await signedIn(daemon, "u2", { sockets: 24 });
      const reference = await opened(daemon, browser, "u2", 30);
      await lanes(24, until, tally, async () => {
        const url = await link(browser, reference, "attachments");
        const [status] = await browser.send({ method: "GET", path: new URL(url, "https://x").pathname });
        return status;
      });
    },
  },
  idle: {
    what: "20 networks hold 2,000 connections, ask nothing, and answer each PING",
    run: async ({ daemon, until, tally }) => {
      await lanes(2_000, until, tally, (n) =>
        new Promise((resolve) => {
          const from = network(n % 20);
          const options = { ca: daemon.ca, localAddress: from };
          const session = http2.connect(`https://127.0.0.1:${daemon.web}`, options);
          session.on("error", () => {});
          session.on("close", () => after(200).then(() => resolve("ended by the daemon")));
          after(Math.max(0, until - Date.now())).then(() => session.destroy());
        }),
      );
    },
  },
};

const sorted = (times) => [...times].sort((a, b) => a - b);
const median = (times) => sorted(times)[Math.floor(times.length / 2)] ?? NaN;

/** Signs in as a person who obeys Retry-After does; returns the seconds that it took. */
async function comesIn(daemon, from, until) {
  const begun = performance.now();
  const browser = new Browser(daemon, { from, sockets: 1 });
  for (let tries = 1; ; tries += 1) {
    let [status, headers] = [0, {}];
    try {
      const body = { name: "u1", password: PASSWORD, profile: "shared" };
      [status, , headers] = await browser.ask("POST", "/api/session", body);
    } catch {
      // A connection that is refused is tried again, as browsers do.
    }
    const took = (performance.now() - begun) / 1_000;
    if (status === 201) {
      browser.agent.destroy();
      return `${took.toFixed(1)} s (${tries} ${tries === 1 ? "try" : "tries"})`;
    }
    if (Date.now() > until) return `not in ${took.toFixed(0)} s (last ${status})`;
    await after(1_000 * Number(headers?.["retry-after"] ?? 1));
  }
}

/** Makes a request of the victim's every 100 ms. */
async function victim(browser, reference, until) {
  const [times, tally] = [[], new Tally()];
  while (Date.now() < until) {
    const begun = performance.now();
    try {
      const [status] = await browser.ask("GET", `/api/messages/${reference}`);
      if (status !== 200) tally.add(status);
    } catch (error) {
      tally.add(error.code ?? error.message);
    }
    times.push(performance.now() - begun);
    await after(100);
  }
  return { times, tally };
}

/** Measures one attack, which runs in another process. */
async function measure(daemon, name, browser, reference) {
  const until = Date.now() + SECONDS * 1_000;
  const { smtp, web } = daemon;
  const attacker = fork(import.meta.filename, [], { env: { ...process.env, ATTACK: name } });
  const got = new Promise((resolve) => {
    attacker.once("message", resolve);
    attacker.once("exit", (code, signal) => resolve(`ended without a word (${code ?? signal})`));
  });
  attacker.send({ smtp, web, ca: daemon.ca.toString(), until });
  await after(1_000);
  let highest = 0;
  const watch = setInterval(() => (highest = Math.max(highest, daemon.memory())), 50);
  const [felt, known, unknown] = await Promise.all([
    victim(browser, reference, until),
    comesIn(daemon, "127.0.0.1", until + 30_000),
    comesIn(daemon, network(20_000 + Object.keys(ATTACKS).indexOf(name)), until + 30_000),
  ]);
  const answered = await got;
  clearInterval(watch);
  attacker.kill();
  console.log(`${name}: ${ATTACKS[name].what}`);
  console.log(`  attacker: ${answered}`);
  console.log(
    `  victim: median ${median(felt.times).toFixed(1)} ms, slowest ${Math.max(...felt.times).toFixed(0)} ms` +
      ` of ${felt.times.length}; not answered with 200: ${felt.tally}`,
  );
  console.log(`  owner signs in: ${known} from her network, ${unknown} from a new one`);
  console.log(`  memory: ${highest.toFixed(0)} MiB`);
}

async function attack() {
  const [{ smtp, web, ca, until }] = await new Promise((resolve) =>
    process.once("message", (...message) => resolve(message)),
  );
  const tally = new Tally();
  try {
    await ATTACKS[process.env.ATTACK].run({ daemon: { smtp, web, ca }, until, tally });
  } catch (error) {
    tally.add(`ended early: ${error.message}`);
  }
  process.send(tally.toString());
}

async function main() {
  const wanted = process.argv.slice(2);
  const names = wanted.length > 0 ? wanted : Object.keys(ATTACKS);
  for (const name of names) {
    if (!ATTACKS[name]) throw new Error(`there is no attack ${name}: ${Object.keys(ATTACKS)}`);
    // A daemon of its own for each: nothing that one attack used up is felt in the next.
    const daemon = await start({ accounts: 4 });
    await deliver(daemon.smtp, 1, () => "Subject: Hello\r\nFrom: <a@peer.example>\r\n\r\nHello.\r\n", {
      to: () => "u3",
      lanes: 1,
    });
    const browser = await signedIn(daemon, "u3", { from: "127.0.0.9" });
    const { items } = await browser.call("GET", "/api/messages?mailbox=inbox&limit=1");
    await browser.call("POST", `/api/messages/${items[0].reference}/open`, {});
    (await signedIn(daemon, "u1")).agent.destroy();
    await measure(daemon, name, browser, items[0].reference);
    console.log(`  highest memory: ${daemon.peak().toFixed(0)} MiB`);
    await daemon.stop();
  }
  process.exit(0);
}

await (process.env.ATTACK ? attack() : main());
