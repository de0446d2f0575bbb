// Dana writes to inside and outside recipients; an outsider without any instructions reads, rejects
// and replies; each sender learns the outcome of each message.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import {
  accessible,
  ATTEMPT_MS,
  base,
  expectFailure,
  kept,
  launch,
  noSidewaysScroll,
  picture,
  ok,
  problems,
  profile,
  signIn,
  soon,
} from "./support.mjs";

const folder = process.env.POSTERN_OUTSIDE;
const domain = process.env.POSTERN_DOMAIN;
const hash = (octets) => createHash("sha256").update(octets).digest("hex");

/** Returns a message as it is, and with its base64 and quoted-printable decoded. */
function readable(mail) {
  const base64 = mail.replace(/(?:^[A-Za-z0-9+/]{4,}=*\r?\n)+/gm, (block) =>
    Buffer.from(block, "base64").toString("utf8"),
  );
  return `${mail}\n${base64}\n${mail.replace(/=\r?\n/g, "")}`;
}

/** Returns everything that has left the daemon so far. */
const left = () =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".eml"))
    .sort()
    .map((name) => readable(readFileSync(join(folder, name), "utf8")));

const until = (what, find) =>
  soon(async () => {
    const found = await find();
    assert.ok(found, `never came: ${what}`);
    return found;
  });

/** Returns the link and the one-time password in a notification. */
function linkAndPassword(mail) {
  const text = mail.replace(/=\r?\n/g, "").replace(/=3D/g, "=");
  return {
    link: text.match(/https:\/\/[^\s"<]*\/pickup\/[a-z0-9]{26}/)?.[0],
    once: text.match(/\b[0-9a-z]{5}(?:-[0-9a-z]{5}){4}-[0-9a-z]\b/)?.[0],
  };
}

const browser = await launch();
const dana = await profile(browser, { viewport: { width: 1440, height: 900 } });
await signIn(dana, "u1");

/** Writes a message in a composer and returns the composer. */
async function write(to, subject, words, choice = null) {
  await dana.getByTestId("compose-button").click();
  const composer = dana.getByTestId("composer");
  await composer.getByTestId("composer-to").fill(to);
  await composer.getByTestId("composer-to").press("Enter");
  for (const address of to.split(", "))
    await composer.locator(`[data-testid=chip][data-address="${address}"]:not([data-route=""])`).waitFor();
  if (choice !== null) {
    await composer.getByTestId("chip-choice").selectOption(choice);
    const route = { refuse: "refused" }[choice] ?? choice;
    await composer.locator(`[data-testid=chip][data-route="${route}"]`).waitFor();
  }
  await composer.getByTestId("composer-subject").fill(subject);
  await composer.getByTestId("composer-body").click();
  await dana.keyboard.type(words);
  return composer;
}

/** Sends, and shows the message in Sent; returns its reference number. */
function send(composer) {
  return sent(() => composer.getByTestId("composer-send").click());
}

/**
 * Records the text of each notice, because the one with the reference number disappears quickly.
 */
const listen = () =>
  dana.evaluate(() => {
    globalThis.heard = [];
    const hear = () => {
      for (const toast of document.querySelectorAll("[data-testid=toast]"))
        globalThis.heard.push(toast.textContent);
    };
    new MutationObserver(hear).observe(document.body, { childList: true, subtree: true });
  });

/** Sends by any step. The notice names the reference number that the server returned. */
async function sent(step) {
  await listen();
  const answered = dana.waitForResponse((answer) => answer.url().endsWith("/api/submissions") && answer.ok());
  await step();
  const { reference } = await (await answered).json();
  await dana.getByTestId("composer").waitFor({ state: "detached" });
  await soon(async () => {
    const heard = await dana.evaluate(() => globalThis.heard);
    assert.ok(heard.some((text) => /Reference/.test(text) && text.includes(reference)), heard.join());
  });
  await dana.goto(`${base}/mail/sent/${reference}`);
  await dana.getByTestId("status-line").first().waitFor();
  return reference;
}

/** Waits until the reader shows this text, in the page or in the frame for HTML. */
const reads = (page, words) =>
  until(words, async () => {
    for (const frame of page.frames()) if (await frame.getByText(words).count()) return true;
    return false;
  });

const line = (address, state) =>
  dana.locator(`[data-testid=status-line][data-address="${address}"][data-state=${state}]`);

/** The row in *Sent* says in a word and a picture how a message stands. */
const standing = (reference, state, words) =>
  dana
    .locator(`[data-ref="${reference}"] [data-testid=row-standing][data-state=${state}]:has(svg)`)
    .filter({ hasText: words })
    .waitFor();

const omar = `u2@${domain}`;
const noa = "noa@outside.example";

// ---- choice 3: a temporary account; one message, two recipients, one number (P-23, P-32)
const composer = await write(`${omar}, ${noa}`, "About the blue heron", "The heron nests at noon.");
await accessible(dana, "composer");
const first = await send(composer);
await line(omar, "delivered").waitFor();
await line(noa, "waiting").waitFor();
await accessible(dana, "sent message");
await picture(dana, "sent-message");
await standing(first, "waiting", "Waiting (1 of 2)");
// What led there is folded.
const toOmar = dana.locator(`[data-testid=status-line][data-address="${omar}"]`);
assert.equal(await toOmar.locator("ol").isVisible(), false);
await toOmar.locator("summary").click();
await toOmar.locator("ol").filter({ hasText: "Accepted" }).waitFor();
ok("accepted, delivered inside, waiting outside; in the row too");

const mail = await until("the notification", () => left().find((one) => one.includes(first)));
const { link, once } = linkAndPassword(mail);
assert.ok(link && once, mail);
assert.ok(!/heron|nests/i.test(mail), "the notification says nothing of the message");

// P-34: following links, as scanners do, changes nothing.
const { host } = new URL(link);
assert.equal(host, new URL(base).host);
process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
const token = link.split("/").pop();
for (let round = 0; round < 500; round += 1) {
  await (await fetch(link)).arrayBuffer();
  await (await fetch(`${base}/api/pickup/${token}`, { method: round % 2 ? "HEAD" : "GET" })).arrayBuffer();
}
const scanner = await profile(browser);
for (let round = 0; round < 5; round += 1) {
  await scanner.goto(link);
  await scanner.getByTestId("pickup-reference").waitFor();
}
await scanner.context().close();
assert.equal((await (await fetch(`${base}/api/pickup/${token}`)).json()).state, "waiting");
await line(noa, "waiting").waitFor();
ok("a thousand requests for the link change nothing");

// P-33, P-35: three actions from the mail to the message.
const outsider = await profile(browser, { viewport: { width: 400, height: 800 } });
await outsider.goto(link); // 1: the link
await outsider.getByTestId("pickup-reference").filter({ hasText: first }).waitFor();
await accessible(outsider, "pick-up");
await picture(outsider, "pick-up");
await outsider.getByTestId("language-he").click();
await outsider.locator("html[dir=rtl]").waitFor();
await accessible(outsider, "pick-up in Hebrew");
await outsider.getByTestId("language-en").click();
await outsider.setViewportSize({ width: 320, height: 700 });
await noSidewaysScroll(outsider, "pick-up at 320 px");
// As it was read out: in capitals, without dashes.
await outsider.getByTestId("pickup-password").fill(once.replaceAll("-", " ").toUpperCase());
await outsider.getByTestId("pickup-submit").click(); // 2: the one-time password, and Read
const card = (reference) => outsider.locator(`[data-testid=card][data-ref="${reference}"]`);
await card(first).waitFor();
// The account contains that message and no other.
await soon(async () => assert.equal(await outsider.getByTestId("card").count(), 1));
await accessible(outsider, "cards");
await picture(outsider, "cards");
await noSidewaysScroll(outsider, "cards at 320 px");
await card(first).getByTestId("card-open").click(); // 3: Open
await reads(outsider, "The heron nests at noon.");
await accessible(outsider, "the outsider's reader");
await picture(outsider, "outsider-reader");
ok("an outsider reads in three actions");

// D1: what the mail said opens nothing now, in no browser.
const late = await profile(browser);
await late.goto(link);
await late.getByTestId("pickup-password").fill(once);
await late.getByTestId("pickup-submit").click();
await late.getByTestId("pickup-error").filter({ hasText: "already been used" }).waitFor();
await late.locator("[data-testid=pickup-state][data-state=visited]").waitFor();
await accessible(late, "a password that was used");
await picture(late, "pick-up-used");
// A scanner presses the button without typing, and somebody types another address.
const mailsBefore = left().length;
// The browser logs the refusal of the other address.
expectFailure(/status of 422/);
await late.getByTestId("access-submit").click();
await late.getByTestId("access-address").fill("somebody@outside.example");
await late.getByTestId("access-submit").click();
await late.getByTestId("access-form-problem").filter({ hasText: "not the address" }).waitFor();
assert.equal(left().length, mailsBefore);
await late.getByTestId("access-address").fill(noa);
await late.getByTestId("access-submit").click();
await late.getByTestId("access-done").filter({ hasText: noa }).waitFor();
const another = await until("another one-time password", () =>
  left()
    .filter((one) => one.includes(first))
    .map((one) => linkAndPassword(one).once)
    .find((one) => one && one !== once),
);
await late.getByTestId("pickup-password").fill(another);
await late.getByTestId("pickup-submit").click();
await late.getByTestId("card-opened").waitFor();
await late.context().close();
ok("another one-time password comes on request, to the same address alone");

// To come back, a passphrase is chosen after reading.
await outsider.getByTestId("come-back").scrollIntoViewIfNeeded();
await accessible(outsider, "the offer to come back");
await noSidewaysScroll(outsider, "the offer to come back at 320 px");
await picture(outsider, "come-back");
await outsider.getByTestId("come-back-passphrase").fill("my very own words");
await outsider.getByTestId("come-back-submit").click();
await outsider.getByTestId("come-back").waitFor({ state: "detached" });
ok("the one-time password is used up, and a passphrase is chosen after reading");

// P-26, P-37: the sender sees it, with its time, without reloading.
await line(noa, "read").locator("time[datetime^='20']").first().waitFor();
await standing(first, "delivered", "Delivered (1 of 2)");
ok("the sender sees that it was read, in the row too");

// The notification again: the page says that it is on its way, and it is.
const notifications = () => left().filter((one) => one.includes(first)).length;
const notified = notifications();
await dana.getByTestId("temporary-resend").first().click();
await dana.getByTestId("toast").filter({ hasText: "is being sent again" }).waitFor();
await until("the notification again", () => notifications() > notified);
ok("a notification is sent again on request");

// A reply with a file.
const file = randomBytes(70_000);
await outsider.getByTestId("portal-reply-text").fill("Noted, with thanks.");
await outsider
  .getByTestId("portal-reply-attach")
  .setInputFiles({ name: "plan.bin", mimeType: "application/octet-stream", buffer: file });
await outsider.locator("[data-testid=portal-reply-upload][data-state=done]").waitFor();
await outsider.getByTestId("portal-reply-send").click();
await outsider.getByTestId("portal-reply-sent").waitFor();
await dana.goto(`${base}/mail/inbox`);
await dana.getByTestId("row-link").filter({ hasText: "Re: About the blue heron" }).click();
await dana.getByTestId("open").click();
await dana.getByTestId("message").waitFor();
await reads(dana, "Noted, with thanks.");
const [download] = await Promise.all([
  dana.waitForEvent("download"),
  dana.getByTestId("attachment").first().click(),
]);
assert.equal(hash(readFileSync(await download.path())), hash(file));
ok("a reply with a file arrives complete");

// The outsider has a copy, which says what became of it.
await outsider.getByTestId("portal-sent").click();
await outsider.getByTestId("card-sent").filter({ hasText: "Re: About the blue heron" }).waitFor();
await accessible(outsider, "what an outsider sent");
await noSidewaysScroll(outsider, "what an outsider sent at 320 px");
await outsider.getByTestId("card-sent-read").click();
await reads(outsider, "Noted, with thanks.");
await outsider.locator("[data-testid=status-line][data-state=read]").waitFor();
assert.equal(await outsider.getByTestId("portal-reply").count(), 0);
ok("an outsider keeps a copy of what was sent");

// P-19: one number everywhere; by it each end finds the message, and nobody else does.
const goTo = (page, reference, arrived) =>
  soon(async () => {
    // A list that is only now entered takes out what was typed.
    await page.getByTestId("filter").fill(reference.replaceAll("-", "").toLowerCase());
    await page.getByTestId("filter").press("Enter");
    await arrived({ timeout: ATTEMPT_MS });
  });
await dana.goto(`${base}/mail/inbox`);
await goTo(dana, first, (within) => dana.waitForURL(`**/mail/sent/${first}`, within));
await dana.getByTestId("status-line").first().waitFor();
expectFailure(/There is no message with the reference number/);
for (const [user, finds] of [["u2", true], ["u3", false]]) {
  const other = await profile(browser, { viewport: { width: 1280, height: 800 } });
  await signIn(other, user);
  const toast = other.getByTestId("toast").filter({ hasText: first }).first();
  await goTo(other, first, (within) =>
    finds ? other.waitForURL(`**/mail/inbox/${first}`, within) : toast.waitFor(within),
  );
  await other.context().close();
}
console.log(`number ${first}`);
ok("both ends find the message by its number, and nobody else does");

// ---- the same, rejected unread (P-25): the body is never requested
const asked = [];
outsider.on("request", (request) => asked.push(new URL(request.url()).pathname));
const second = await send(await write(noa, "About the grey owl", "The owl sleeps at dawn."));
await line(noa, "waiting").waitFor();
await outsider.goto(link);
await outsider.getByTestId("pickup-password").fill("my very own words");
await outsider.keyboard.press("Enter");
await card(second).waitFor();
await card(second).getByTestId("card-reject").click();
await outsider.getByTestId("reject-confirm").click();
await line(noa, "rejected").waitFor();
assert.ok(asked.every((path) => !(path.includes(second) && /\/(open|ticket)$/.test(path))), asked);
await standing(second, "rejected", "Rejected unread");
ok("rejected unread, and the sender sees it");

// The notice says when, as everything else here does.
await dana.goto(`${base}/mail/inbox`);
await dana.locator("[data-testid=row]:has([data-kind=rejected]) a").first().click();
const rejection = dana.getByTestId("text").filter({ hasText: noa });
await rejection.waitFor();
const noticed = await rejection.innerText();
assert.ok(/\d\d:\d\d/.test(noticed) && !/\d{4}-\d\d-\d\d|UTC/.test(noticed), noticed);
ok("the notice says when in the reader's own way");

// P-34: who chose a language here is written to in it from then on.
await kept(outsider, () => outsider.getByTestId("language-he").click(), "/api/appearance", '"he"');
const wren = await send(await write(noa, "About the brown wren", "The wren builds in May."));
const inHebrew = await until("a mail in Hebrew", () => left().find((one) => one.includes(wren)));
assert.ok(inHebrew.includes("לקריאת ההודעה") && !inHebrew.includes("To read the message"), inHebrew);
ok("an outsider gets notifications in the chosen language");

// ---- the same for an outsider who reads Hebrew on a narrow screen, by the keyboard alone (P-11)
const carol = "carol@outside.example";
const third = await send(await write(carol, "About the white ibis", "The ibis wades at noon."));
const forCarol = linkAndPassword(
  await until("Carol's mail", () => left().find((one) => one.includes(third))),
);
const hebrew = await profile(browser, { viewport: { width: 320, height: 640 }, locale: "he-IL" });
/** Walks with Tab until the focus is there; what is drawn anew loses it on the way. */
const tabTo = (testid) => soon(() => tabAlong(testid));
async function tabAlong(testid) {
  for (let step = 0; step < 60; step += 1) {
    const at = await hebrew.evaluate(() => document.activeElement?.getAttribute("data-testid"));
    if (at === testid) return;
    await hebrew.keyboard.press("Tab");
  }
  assert.fail(`no way to ${testid} by the keyboard`);
}
await hebrew.goto(forCarol.link);
await hebrew.locator("html[dir=rtl]").waitFor();
await hebrew.getByTestId("pickup-password").waitFor();
await tabTo("pickup-password");
await hebrew.keyboard.type(forCarol.once);
await hebrew.keyboard.press("Enter");
await hebrew.getByTestId("card").waitFor();
await accessible(hebrew, "cards in Hebrew");
await picture(hebrew, "cards-hebrew-phone");
await noSidewaysScroll(hebrew, "cards in Hebrew at 320 px");
await tabTo("card-open");
await hebrew.keyboard.press("Enter");
await reads(hebrew, "The ibis wades at noon.");
await accessible(hebrew, "reader in Hebrew");
await noSidewaysScroll(hebrew, "reader in Hebrew at 320 px");
await tabTo("portal-reply-text");
await hebrew.keyboard.type("תודה רבה");
await tabTo("portal-reply-send");
await hebrew.keyboard.press("Enter");
await hebrew.getByTestId("portal-reply-sent").waitFor();
await line(carol, "read").waitFor();
ok("an outsider reads and replies in Hebrew, at 320 px, by the keyboard");
await tabTo("come-back-later");
await hebrew.keyboard.press("Enter");
await hebrew.getByTestId("come-back").waitFor({ state: "detached" });
assert.equal(await hebrew.evaluate(() => document.activeElement?.id), "main", "the focus");
await tabTo("sign-out");
await hebrew.keyboard.press("Enter");
await hebrew.getByTestId("leaving").waitFor();
await accessible(hebrew, "the offer on leaving, in Hebrew");
await noSidewaysScroll(hebrew, "the offer on leaving in Hebrew at 320 px");
await hebrew.keyboard.type("words of my own, many");
await hebrew.keyboard.press("Enter");
await hebrew.getByTestId("sign-in-name").waitFor();
await hebrew.goto(forCarol.link);
await hebrew.locator("[data-testid=pickup-state][data-state=claimed]").waitFor();
await tabTo("pickup-password");
await hebrew.keyboard.type("words of my own, many");
await hebrew.keyboard.press("Enter");
await hebrew.getByTestId("card-opened").waitFor();
ok("on leaving, a passphrase is offered once more, and opens the account");

// P-36: it was lost. The sponsor starts the account again: nothing that opened it does so any more, and
// what the sponsor still has is there again.
await dana.goto(`${base}/mail/sent/${third}`);
await dana.getByTestId("temporary-start-again").click();
await accessible(dana, "the question before an account is started again");
await dana.getByTestId("confirm-yes").click();
await dana.getByTestId("toast").filter({ hasText: "Started again, with 1 message." }).waitFor();
const anew = await until("another mail for Carol", () =>
  left()
    .filter((one) => one.includes(third))
    .map(linkAndPassword)
    .find(({ once }) => once && once !== forCarol.once),
);
const returned = await profile(browser, { viewport: { width: 320, height: 640 } });
await returned.goto(anew.link);
await returned.getByTestId("pickup-password").fill("words of my own, many");
await returned.getByTestId("pickup-submit").click();
await returned.getByTestId("pickup-error").waitFor();
await returned.getByTestId("pickup-password").fill(anew.once);
await returned.getByTestId("pickup-submit").click();
await returned.getByTestId("card-read").click();
await reads(returned, "The ibis wades at noon.");
await returned.context().close();
await dana.getByTestId("temporary-start-again").waitFor({ state: "detached" });
ok("a sponsor starts an account again, and its owner reads as before");

// ---- choice 1: refused, and nothing leaves (P-29)
const before = left().length;
expectFailure(/Not sent to eve@outside\.example/);
await send(await write("eve@outside.example", "About the red kite", "The kite circles at dusk.", "refuse"));
await line("eve@outside.example", "refused").waitFor();
await dana.goto(`${base}/mail/inbox`);
await dana.locator("[data-testid=notice][data-kind=refused]").first().waitFor();
ok("refused, with a notice");

// ---- choice 2: nothing leaves before the sender agrees (P-31)
const asking = await write("eve@outside.example", "About the green finch", "The finch sings at eight.", "ask");
await asking.getByTestId("composer-send").click();
const dialog = dana.getByTestId("consent-dialog");
await dialog.getByText("eve@outside.example").waitFor();
await accessible(dana, "consent");
await picture(dana, "consent");
await dialog.getByTestId("consent-no").click();
await dialog.waitFor({ state: "detached" });
await dana.getByTestId("composer-close").click();
await dana.getByTestId("composer").waitFor({ state: "detached" });
await dana.goto(`${base}/mail/drafts`);
await dana.getByTestId("draft").filter({ hasText: "green finch" }).click();
assert.equal(left().length, before, "nothing left");
await dana.getByTestId("composer-send").click();
await sent(() => dialog.getByTestId("consent-yes").click());
await line("eve@outside.example", "delivered").waitFor();
await until("the message", () => left().find((one) => /finch sings/.test(one)));
ok("consent is asked for; the message is kept as a draft, and sent once the sender agrees");

// ---- choice 4: the message leaves without a question, and is marked as plain (P-38)
await send(await write("eve@outside.example", "About the white stork", "The stork lands at nine.", "plain"));
await line("eve@outside.example", "delivered").waitFor();
await until("the message", () => left().find((one) => /stork lands/.test(one)));
ok("sent in clear without a question");

// Nothing that ever left contains a word of the messages that must not leave.
const all = left().join("\n");
for (const word of ["ibis", "wades at noon", "heron", "nests at noon", "grey owl", "sleeps at dawn", "red kite", "circles at dusk"])
  assert.ok(!all.includes(word), `${word} left the house`);
for (const page of [dana, outsider])
  assert.equal(await page.evaluate(() => document.cookie), "");
assert.deepEqual(problems, []);
await browser.close();
console.log("done");
