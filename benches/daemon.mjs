// What the measurements in JavaScript share: a daemon of their own, and the client of a browser.
//
//   POSTERN=binary   by default the release build of this folder
import { execFileSync, spawn } from "node:child_process";
import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import https from "node:https";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const PASSWORD = "bench-password-of-one-day";

const freePort = () =>
  Number(
    execFileSync("python3", [
      "-c",
      "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])",
    ]),
  );

/**
 * Starts the binary as `postern demo` in a temporary folder, with the accounts u1 to uN. The daemon
 * and its folder are gone when this program ends.
 */
export async function start({ accounts = 1, env = {} } = {}) {
  const binary = process.env.POSTERN ?? "target/release/postern";
  const folder = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), "postern-bench."));
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, PASSWORD, { mode: 0o600 });
  const [smtp, web] = [freePort(), freePort()];
  const data = join(folder, "data");
  const child = spawn(
    binary,
    ["demo", "--data", data, "--keep", "--no-samples", "--domain", "test.example", "--accounts",
      String(accounts), "--password-file", passwordFile, "--smtp", `127.0.0.1:${smtp}`, "--https",
      `127.0.0.1:${web}`],
    {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, POSTERN_LOG__LEVEL: "error", ...env },
    },
  );
  const stopped = new Promise((resolve) => child.on("exit", resolve));
  process.on("exit", () => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  await new Promise((resolve) => {
    let said = "";
    child.stdout.on("data", (chunk) => (said += chunk).includes("ready") && resolve());
  });
  const status = (row) => {
    const text = readFileSync(`/proc/${child.pid}/status`, "utf8");
    return Number(text.match(new RegExp(`${row}:\\s*(\\d+)`))[1]) / 1_024;
  };
  return {
    smtp,
    web,
    ca: readFileSync(join(data, "ca.pem")),
    /** Resident memory in MiB, now and at its highest. */
    memory: () => status("VmRSS"),
    peak: () => status("VmHWM"),
    /** The octets that were given to the disk so far. */
    written: () => {
      const text = readFileSync(`/proc/${child.pid}/io`, "utf8");
      return Number(text.match(/^write_bytes: (\d+)/m)[1]);
    },
    stop: () => {
      child.kill();
      return stopped;
    },
  };
}

/** Delivers `count` messages by SMTP over `lanes` connections; `message` writes the nth. */
export async function deliver(smtp, count, message, { to = () => "u1", lanes = 16 } = {}) {
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
        const recipient = `${to(number)}@test.example`;
        socket.write(`MAIL FROM:<a@peer.example>\r\nRCPT TO:<${recipient}>\r\nDATA\r\n`);
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

const b64 = (value) => Buffer.from(value).toString("base64url");

/**
 * A browser: a key of its own, and requests signed with it (RFC 9449). `from` is the address that it
 * connects from; every address of 127.0.0.0/8 is one of this machine.
 */
export class Browser {
  #keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  token = null;

  constructor({ web, ca }, { from = "127.0.0.1", sockets = 4 } = {}) {
    Object.assign(this, { web, from });
    this.agent = new https.Agent({ keepAlive: true, maxSockets: sockets, ca, localAddress: from });
  }

  /** The headers that sign one request. */
  headers(method, path) {
    const { crv, kty, x, y } = this.#keys.publicKey.export({ format: "jwk" });
    const claims = {
      htm: method,
      htu: `https://127.0.0.1:${this.web}${path.split("?")[0]}`,
      iat: Math.floor(Date.now() / 1_000),
      jti: randomUUID(),
      ...(this.token && { ath: createHash("sha256").update(this.token).digest("base64url") }),
    };
    const header = { typ: "dpop+jwt", alg: "ES256", jwk: { crv, kty, x, y } };
    const signed = `${b64(JSON.stringify(header))}.${b64(JSON.stringify(claims))}`;
    const key = { key: this.#keys.privateKey, dsaEncoding: "ieee-p1363" };
    const proof = `${signed}.${b64(sign("sha256", Buffer.from(signed), key))}`;
    return { dpop: proof, ...(this.token && { authorization: `DPoP ${this.token}` }) };
  }

  /** Sends a signed request; the answer is its status and its text. */
  ask(method, path, body) {
    const headers = this.headers(method, path);
    const raw = Buffer.isBuffer(body);
    if (body) headers["content-type"] = raw ? "application/octet-stream" : "application/json";
    return this.send({ method, path, headers }, raw ? body : body && JSON.stringify(body));
  }

  /** Sends a request as it is; the answer is its status and its text. */
  send(options, body) {
    const { agent, web, from } = this;
    return new Promise((resolve, reject) => {
      const whole = { agent, host: "127.0.0.1", port: web, localAddress: from, ...options };
      const request = https.request(whole, (response) => {
        const chunks = [];
        response.on("error", reject);
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("end", () =>
          resolve([response.statusCode, Buffer.concat(chunks).toString(), response.headers]),
        );
      });
      request.on("error", reject);
      request.end(body);
    });
  }

  /** Sends a signed request that must succeed; returns what its answer says. */
  async call(method, path, body) {
    const [status, text] = await this.ask(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  /** Tries to sign in; returns the status. */
  async signIn(name, password = PASSWORD) {
    const [status, text] = await this.ask("POST", "/api/session", {
      name,
      password,
      profile: "shared",
    });
    if (status < 300) ({ token: this.token } = JSON.parse(text));
    return status;
  }
}

/** Does something so many times, one after another, and prints the median, the 95th percentile and the slowest
 * time; returns the median in milliseconds. */
export async function measure(what, rounds, work) {
  const times = [];
  for (let round = 0; round < rounds; round += 1) {
    const begun = performance.now();
    await work(round);
    times.push(performance.now() - begun);
  }
  times.sort((a, b) => a - b);
  const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))];
  const [median, most, slowest] = [at(0.5), at(0.95), at(1)].map((ms) => ms.toFixed(2));
  console.log(`${what}: median ${median} ms, 95 % ${most} ms, slowest ${slowest} ms`);
  return at(0.5);
}
