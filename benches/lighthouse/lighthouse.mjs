// Runs Lighthouse for accessibility and best practices, including pages behind the sign-in.
//
//   POSTERN=binary node benches/lighthouse/lighthouse.mjs
//
// Starts the binary as `postern demo` in a temporary folder, signs in with Debian's Chromium, and
// runs Lighthouse on each page in that browser. Exits with an error if accessibility is below 1.0
// or best practices are below 0.95.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import lighthouse from "lighthouse";
import { chromium } from "playwright-core";

const binary = process.env.POSTERN ?? "target/release/postern";
const folder = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), "postern-lighthouse."));
const passwordFile = join(folder, "password");
writeFileSync(passwordFile, "lighthouse-password-of-one-day", { mode: 0o600 });
const daemon = spawn(
  binary,
  ["demo", "--data", join(folder, "data"), "--keep", "--domain", "test.example", "--accounts", "1",
    "--password-file", passwordFile, "--smtp", "127.0.0.1:0", "--https", "127.0.0.1:0"],
  { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, POSTERN_LOG__LEVEL: "error" } },
);
process.on("exit", () => {
  daemon.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});
const base = await new Promise((resolve) => {
  let said = "";
  daemon.stdout.on("data", (chunk) => {
    said += chunk;
    if (said.includes("ready")) resolve(/^https (\S+?)\/$/m.exec(said)[1]);
  });
});

const profile = join(folder, "profile");
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  ignoreHTTPSErrors: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--ignore-certificate-errors", "--remote-debugging-port=0"],
});
const port = Number(readFileSync(join(profile, "DevToolsActivePort"), "utf8").split("\n")[0]);

async function look(path, name) {
  const result = await lighthouse(`${base}${path}`, {
    port,
    output: "json",
    logLevel: "error",
    onlyCategories: ["accessibility", "best-practices"],
    formFactor: "desktop",
    screenEmulation: { disabled: true },
    disableStorageReset: true,
  });
  const { categories, audits } = result.lhr;
  const scores = [categories.accessibility.score, categories["best-practices"].score];
  console.log(`${name}: accessibility ${scores[0]}, best practices ${scores[1]}`);
  for (const category of Object.values(categories))
    for (const { id, weight } of category.auditRefs)
      if (weight > 0 && audits[id].score !== null && audits[id].score < 1)
        console.log(`  ${id}: ${audits[id].title}`);
  return scores[0] >= 1 && scores[1] >= 0.95;
}

const good = [await look("/", "sign-in")];
const page = await browser.newPage();
await page.goto(`${base}/`);
await page.getByTestId("sign-in-name").fill("u1");
await page.getByTestId("sign-in-password").fill(readFileSync(passwordFile, "utf8"));
await page.getByTestId("sign-in-submit").click();
await page.getByTestId("tour-skip").click();
await page.getByTestId("list-count").waitFor();
// Lighthouse opens its own tab, which is signed in through this one.
for (const [path, name] of [["/mail/inbox", "inbox"], ["/settings", "settings"], ["/manage/users", "users"]])
  good.push(await look(path, name));
await browser.close();
daemon.kill("SIGTERM");
if (good.includes(false)) process.exitCode = 1;
