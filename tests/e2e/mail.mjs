// A user signs in, sees new mail arrive, opens one message, rejects another, and saves an
// attachment.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  accessible, base, deliver, launch, message, noSidewaysScroll, ok, problems, profile, reads, signIn, soon,
} from "./support.mjs";

const me = process.env.POSTERN_ADDRESS;
const user = me.split("@")[0];

const attachment = randomBytes(50_000);
const hash = (octets) => createHash("sha256").update(octets).digest("hex");
const withAttachment = message(
  "With an attachment",
  [
    "--b1",
    "Content-Type: text/plain; charset=utf-8",
    "",
    "See the attached file.",
    "--b1",
    'Content-Type: application/octet-stream; name="plan.bin"',
    'Content-Disposition: attachment; filename="plan.bin"',
    "Content-Transfer-Encoding: base64",
    "",
    attachment.toString("base64").replace(/(.{76})/g, "$1\r\n"),
    "--b1--",
  ].join("\r\n"),
  "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b1",
);
const html = message(
  "Hostile HTML",
  '<h1>Hello</h1><script>parent.document.title="owned"</script>' +
    '<img src=x onerror="parent.document.title=\'owned\'">' +
    '<img src="https://tracker.example/p.gif"><a href="https://partner.example/a">a link</a>',
  "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8",
);

const toOpen = await deliver(me, message("To be opened", "Only for your eyes: blue heron."));
const toReject = await deliver(me, message("To be rejected", "Nobody may read this: grey owl."));
const attached = await deliver(me, withAttachment);
const hostile = await deliver(me, html);

const browser = await launch();
const page = await profile(browser, { viewport: { width: 1440, height: 900 } });
const row = (reference) => page.locator(`[data-testid=row][data-ref="${reference}"]`);

// P-13
await page.goto(`${base}/`);
await page.getByTestId("sign-in-name").waitFor();
await accessible(page, "sign-in");
await page.getByTestId("sign-in-name").fill(user);
await page.getByTestId("sign-in-password").fill("not the password");
await page.getByTestId("sign-in-submit").click();
await page.getByTestId("sign-in-problem").filter({ hasText: /\S/ }).waitFor();
ok("a wrong password is refused");

await signIn(page, user);
await row(toOpen).waitFor();
await accessible(page, "list");
ok("signed in, and the list is shown");

// P-24
const live = await deliver(me, message("Just arrived", "While you were looking."));
await row(live).waitFor({ timeout: 10_000 });
ok("a message arrives without reloading");

// P-25: the list and the sealed-message card describe a message without showing its content.
await row(toOpen).getByTestId("row-link").click();
await page.getByTestId("sealed-card").waitFor();
assert.ok(!(await page.locator("body").innerText()).includes("blue heron"));
await accessible(page, "sealed card");
await page.getByTestId("open").click();
await page.getByTestId("text").filter({ hasText: "blue heron" }).waitFor();
await page.getByTestId("details").click();
await reads(page.getByTestId("reference").first(), new RegExp(toOpen));
await reads(page.getByTestId("protection").first(), /not encrypted|without encryption/i);
await accessible(page, "reader");
ok("opened and read, with its reference number and protection");

await row(toReject).getByTestId("row-link").click();
await page.getByTestId("reject").click();
await page.getByTestId("reject-dialog").waitFor();
await accessible(page, "reject dialog");
const posted = page.waitForResponse((one) => one.url().endsWith(`${toReject}/reject`));
await page.getByTestId("reject-confirm").click();
await row(toReject).waitFor({ state: "detached" });
assert.equal((await posted).status(), 200);
ok("rejected unread");

// P-17
await row(attached).getByTestId("row-link").click();
await page.getByTestId("open").click();
const [download] = await Promise.all([
  page.waitForEvent("download"),
  page.getByTestId("attachment").first().click(),
]);
assert.equal(download.suggestedFilename(), "plan.bin");
assert.equal(hash(readFileSync(await download.path())), hash(attachment));
ok("the attachment's hash matches");

await row(hostile).getByTestId("row-link").click();
await page.getByTestId("open").click();
const frame = page.frameLocator("[data-testid=frame]");
await frame.locator("h1", { hasText: "Hello" }).waitFor();
await soon(async () => {
  assert.ok((await frame.locator("h1, p, a").count()) > 0, "the frame is there");
  assert.equal(await frame.locator("script").count(), 0);
  assert.equal(await frame.locator("img[src]").count(), 0);
});
assert.ok(!(await soon(() => page.title())).includes("owned"));
await accessible(page, "reader with HTML");
await soon(async () => {
  const [foot, next] = await page.evaluate(() => {
    const frame = document.querySelector("[data-testid=frame]");
    const around = frame.parentElement;
    const next = around.nextElementSibling ?? around.parentElement.nextElementSibling;
    return [frame.getBoundingClientRect().bottom, next.getBoundingClientRect().top];
  });
  assert.ok(foot <= next, `the frame ends at ${foot}, what follows begins at ${next}`);
});
ok("hostile HTML is shown but stays inert, and covers nothing");

for (const path of ["/sessions", "/settings", "/about"]) {
  await page.goto(`${base}${path}`);
  await page.locator("h1").first().waitFor();
  await accessible(page, path);
}
await page.goto(`${base}/sessions`);
await page.getByTestId("session").first().waitFor();
ok("sessions, settings and about are shown");

// P-05, P-08: there is no cookie, and the token alone is worthless.
assert.equal(await page.evaluate(() => document.cookie), "");
assert.deepEqual(await page.context().cookies(), []);
const token = await page.evaluate(() =>
  Object.values(sessionStorage).join(" ").match(/[A-Za-z0-9_-]{43}/)?.[0],
);
assert.ok(token, "the token was not found in sessionStorage");
for (const scheme of ["DPoP", "Bearer"]) {
  const answer = await page.request.get(`${base}/api/mailboxes`, {
    headers: { authorization: `${scheme} ${token}` },
  });
  assert.equal(answer.status(), 401, `${scheme} with a bare token`);
}
ok("a copied token without its key gets 401");

// P-11: a phone, with the dark theme.
const phone = await profile(browser, {
  viewport: { width: 320, height: 640 },
  hasTouch: true,
  colorScheme: "dark",
});
await signIn(phone, user);
await phone.locator(`[data-testid=row][data-ref="${toOpen}"]`).waitFor();
await noSidewaysScroll(phone, "list on a phone");
await accessible(phone, "list on a phone, dark");
await phone.locator(`[data-testid=row][data-ref="${toOpen}"]`).getByTestId("row-link").click();
await phone.getByTestId("text").filter({ hasText: "blue heron" }).waitFor();
await noSidewaysScroll(phone, "reader on a phone");
await accessible(phone, "reader on a phone, dark");
ok("works at 320 px with the dark theme");

const picture = process.env.POSTERN_PICTURE;
if (picture) {
  await page.goto(`${base}/`);
  await row(live).getByTestId("row-link").click();
  await page.getByTestId("sealed-card").waitFor();
  await page.screenshot({ path: picture });
}

await page.goto(`${base}/`);
await row(toOpen).waitFor();
await page.getByTestId("sign-out").click();
await page.getByTestId("sign-in").waitFor();
ok("signed out");

await browser.close();
assert.deepEqual([...new Set(problems)], []);
ok("no cookie, no console error, no policy report, no other origin");
console.log("done");
