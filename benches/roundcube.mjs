// Measures a large mailbox in Debian's Roundcube, for comparison with `mailbox.mjs`.
//
//   MESSAGES=100000 ROUNDS=50 node benches/roundcube.mjs
//
// Needs Debian's packages roundcube-core, roundcube-sqlite3, dovecot-imapd, php-cli and
// php-sqlite3, and prints a message if Roundcube, Dovecot or PHP is missing. Starts Dovecot (with a
// Maildir of messages of about 1 KiB) and Roundcube (in PHP's built-in web server, with opcache and
// its own SQLite database) from configurations in a temporary folder. It uses plain HTTP on
// loopback, so Roundcube is spared the TLS that Postern has to do. Signs in as a browser does, and
// measures the requests of a browser, one after another.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = "/var/lib/roundcube/public_html";
const messages = Number(process.env.MESSAGES ?? 100_000);
const rounds = Number(process.env.ROUNDS ?? 50);
const missing = [ROOT, "/usr/sbin/dovecot", "/usr/bin/php"].filter((path) => !existsSync(path));
if (missing.length > 0) {
  console.log(
    "Roundcube not measured: install roundcube-core, roundcube-sqlite3, dovecot-imapd, php-cli.",
  );
  process.exit(0);
}
/** Dovecot does not read mail as root. */
const NOBODY = 65_534;
const folder = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), "postern-roundcube."));
execFileSync("chmod", ["755", folder]);
const port = () =>
  Number(
    execFileSync("python3", [
      "-c",
      "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])",
    ]),
  );
const [imap, web] = [port(), port()];
const children = [];
/** Starts a process in its own process group, so that its workers end with it. */
const start = (command, args, env = {}) => {
  const child = spawn(command, args, {
    ...{ detached: true, stdio: "ignore" },
    env: { ...process.env, ...env },
  });
  child.gone = new Promise((resolve) => child.on("exit", resolve));
  children.push(child);
  return child;
};
const end = async (child) => {
  process.kill(-child.pid, "SIGTERM");
  await child.gone;
};
process.on("exit", () => {
  for (const child of children) if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, "SIGKILL");
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

// ---- messages, in the same form as those of `mailbox.mjs`
let seed = 1;
const random = () => {
  seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
  return seed / 0x7fffffff;
};
const word = () => `w${Math.floor(20_000 ** random()).toString(36)}`;
const line = (count) => Array.from({ length: count }, word).join(" ");
const message = (n) =>
  `Received: from bench by mail; Mon, 23 Nov 2026 10:00:00 +0000\r\n` +
  `From: Sender ${n % 500} <s${n % 500}@peer.example>\r\nTo: <u1@test.example>\r\n` +
  `Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n` +
  `Subject: ${line(4)}\r\nMessage-ID: <${n}@peer.example>\r\n\r\n` +
  `${Array.from({ length: 12 }, () => line(14)).join("\r\n")}\r\n` +
  (n % 1_000 === 0 ? "The platypus of a thousand messages.\r\n" : "");
const maildir = join(folder, "home", "Maildir");
for (const part of ["cur", "new", "tmp"]) mkdirSync(join(maildir, part), { recursive: true });
for (let n = 0; n < messages; n += 1)
  writeFileSync(join(maildir, "cur", `${1_700_000_000 + n}.M${n}.bench:2,`), message(n));
execFileSync("chown", ["-R", `${NOBODY}:${NOBODY}`, join(folder, "home")]);

// ---- Dovecot
const dovecotConf = join(folder, "dovecot.conf");
for (const part of ["run", "state"]) mkdirSync(join(folder, part));
writeFileSync(
  dovecotConf,
  `base_dir = ${folder}/run
state_dir = ${folder}/state
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
log_path = ${folder}/dovecot.log
mail_location = maildir:~/Maildir
first_valid_uid = 1
first_valid_gid = 1
passdb {
  driver = static
  args = password=bench
}
userdb {
  driver = static
  args = uid=${NOBODY} gid=${NOBODY} home=${folder}/home
}
namespace inbox {
  inbox = yes
}
service imap-login {
  inet_listener imap {
    port = ${imap}
  }
  inet_listener imaps {
    port = 0
  }
}
`,
);
const dovecot = start("/usr/sbin/dovecot", ["-F", "-c", dovecotConf]);

// ---- Roundcube
const config = join(folder, "config");
for (const part of ["config", "logs", "temp"]) mkdirSync(join(folder, part));
execFileSync("cp", ["/etc/roundcube/defaults.inc.php", "/etc/roundcube/mimetypes.php", config]);
const database = join(folder, "roundcube.db");
execFileSync("php", [
  "-r",
  "$db = new SQLite3($argv[1]); $db->exec(file_get_contents('/usr/share/roundcube/SQL/sqlite.initial.sql'));",
  database,
]);
const phpConfig = (caches) => `<?php
$config['db_dsnw'] = 'sqlite:///${database}?mode=0646';
$config['imap_host'] = '127.0.0.1:${imap}';
$config['des_key'] = 'rcmail-bench-24-bytes-ke';
$config['log_dir'] = '${folder}/logs';
$config['temp_dir'] = '${folder}/temp';
$config['plugins'] = [];
$config['skin'] = 'elastic';
$config['mail_pagesize'] = 50;
$config['enable_installer'] = false;
${caches ? "$config['imap_cache'] = 'db'; $config['messages_cache'] = 'db';" : ""}
`;

/** Sends one request after another, with the cookies and the token of the session. */
class Browser {
  cookies = new Map();
  token = "";

  get(path, method = "GET", body = null) {
    const headers = { Cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ") };
    if (this.token) headers["X-Roundcube-Request"] = this.token;
    if (body) headers["Content-Type"] = "application/x-www-form-urlencoded";
    return new Promise((resolve, reject) => {
      const request = http.request({ host: "127.0.0.1", port: web, path, method, headers }, (answer) => {
        for (const cookie of answer.headers["set-cookie"] ?? []) {
          const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
          this.cookies.set(name, value);
        }
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk) => (text += chunk));
        answer.on("end", () => resolve({ status: answer.statusCode, text, to: answer.headers.location }));
      });
      request.on("error", reject);
      request.end(body);
    });
  }

  async signIn() {
    const page = await this.get("/?_task=login");
    const token = /name="_token" value="([^"]+)"/.exec(page.text)[1];
    const form = new URLSearchParams({
      ...{ _task: "login", _action: "login", _token: token, _timezone: "UTC", _url: "" },
      ...{ _user: "u1@test.example", _pass: "bench" },
    });
    const answer = await this.get("/?_task=login", "POST", form.toString());
    if (answer.status !== 302) throw new Error(`sign-in returned status ${answer.status}`);
    const inbox = await this.get("/?_task=mail");
    this.token = /"request_token":"([^"]+)"/.exec(inbox.text)[1];
  }
}

const median = (times) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];
async function measure(name, path, check, count = rounds) {
  const times = [];
  for (let at = 0; at < count; at += 1) {
    const begun = performance.now();
    const answer = await browser.get(path(at));
    times.push(performance.now() - begun);
    if (answer.status !== 200 || !check(answer.text))
      throw new Error(`${name}: ${answer.status} ${answer.text.slice(0, 200)}`);
  }
  console.log(
    `${name}: median ${median(times).toFixed(1)} ms, slowest ${Math.max(...times).toFixed(1)} ms`,
  );
}

let browser;
for (const caches of [false, true]) {
  writeFileSync(join(config, "config.inc.php"), phpConfig(caches));
  const php = start(
    "php",
    ["-d", "opcache.enable_cli=1", "-d", "memory_limit=512M", "-d", `session.save_path=${folder}/temp`,
      "-S", `127.0.0.1:${web}`, "-t", ROOT],
    { ROUNDCUBE_CONFIG_DIR: config, PHP_CLI_SERVER_WORKERS: "2" },
  );
  browser = new Browser();
  for (let tries = 0; ; tries += 1) {
    try {
      await browser.signIn();
      break;
    } catch (error) {
      if (tries === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  console.log(`Roundcube, ${messages} messages, IMAP caches ${caches ? "in its database" : "off"}:`);
  const list = () => "/?_task=mail&_action=list&_mbox=INBOX&_page=1&_remote=1&_unlock=loading1";
  const isList = (text) => text.includes("add_message_row");
  // The first request is not measured, because it creates Dovecot's index, among other things.
  await browser.get(list());
  await measure("  the list of the first 50 (AJAX)", list, isList);
  await measure("  the whole inbox page", () => "/?_task=mail&_mbox=INBOX", (text) => text.includes("messagelist"));
  // Different messages in each round, because the first opening marks a message as read.
  const uid = (at) => messages - 1 - at * 7 - (caches ? 3 : 0);
  for (const time of ["for the first time", "again"]) await measure(
    `  opening a message ${time}`,
    (at) => `/?_task=mail&_action=preview&_uid=${uid(at)}&_mbox=INBOX&_framed=1&_caps=pdf%3D1`,
    (text) => text.includes("message-part") || text.includes("messagebody"),
  );
  const search = (where, word) => () =>
    `/?_task=mail&_action=search&_q=${word}&_headers=${where}&_scope=base&_mbox=INBOX&_remote=1&_unlock=loading2`;
  const isFound = (text) => text.includes("add_message_row");
  await measure("  a word in 1 of 1,000 texts", search("text", "platypus"), isFound, 3);
  await measure("  a word in many subjects", search("subject", "w2"), isFound, 5);
  await end(php);
}
await end(dovecot);
process.exit(0);
