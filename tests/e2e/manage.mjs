// An administrator's day: accounts are created and disabled, a policy change applies at once,
// undeliverable messages are handled, and each act is in the audit log.
import assert from "node:assert/strict";
import net from "node:net";
import {
  accessible,
  arriving,
  ATTEMPT_MS,
  base,
  deliver,
  expectFailure,
  kept,
  launch,
  message,
  noSidewaysScroll,
  ok,
  password,
  problems,
  profile,
  reads,
  signIn,
  soon,
} from "./support.mjs";

const me = process.env.POSTERN_ADDRESS;
const [user, domain] = me.split("@");
const [smtpHost, smtpPort] = process.env.POSTERN_SMTP.split(":");
const FIRST = "a first password";
const CARLA = "a passphrase for carla";

/** Returns the reply of the SMTP server to RCPT for an address. */
function asked(to) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(smtpPort), smtpHost);
    const say = ["EHLO e2e.example", "MAIL FROM:<rachel@partner.example>", `RCPT TO:<${to}>`, "QUIT"];
    let said = "";
    socket.setEncoding("latin1");
    socket.on("error", reject);
    socket.on("data", (chunk) => {
      said += chunk;
      if (/^\d{3} [^\n]*\r\n$/m.test(said.slice(said.lastIndexOf("\n", said.length - 2) + 1))) {
        const next = say.shift();
        if (next === "QUIT") resolve(said.trim().split("\r\n").at(-1));
        if (next) socket.write(`${next}\r\n`);
      }
    });
  });
}

const browser = await launch();
const page = await profile(browser, { viewport: { width: 1280, height: 800 } });
const other = await profile(browser, { viewport: { width: 1280, height: 800 } });
const shown = (where, testid, text) => where.getByTestId(testid).filter({ hasText: text });
/** Carries out an administrator's act, and waits until the server has accepted it. */
const acting = (step) => kept(page, step, "/api/manage/");
/** Waits until a field has this value. */
const stands = (where, testid, value) =>
  soon(async () => assert.equal(await where.getByTestId(testid).inputValue(), value));
const open = async (name) => {
  await page.getByTestId(`manage-${name}`).click();
  await page.waitForURL(`**/manage/${name}`);
};

// P-16: the pages are for administrators; other users do not see them.
await signIn(other, "u2");
assert.equal(await other.getByTestId("place-manage").count(), 0);
await signIn(page, user);

// If the password was entered too long ago, the page asks for it again. (The tests of the API check
// the daemon's own answer; here the answer is simulated.)
await page.route("**/api/manage/users?*", async (route) => {
  const body = { type: "about:blank", title: "", status: 403, code: "confirm-needed" };
  await route.fulfill({ status: 403, contentType: "application/problem+json", json: body });
}, { times: 1 });
await page.goto(`${base}/manage/users`);
await page.getByTestId("confirm-password-field").waitFor();
await page.keyboard.type("not it");
await page.getByTestId("confirm-password-submit").click();
await shown(page, "confirm-password", "password is incorrect").waitFor();
await page.getByTestId("confirm-password-field").fill(password);
await page.getByTestId("confirm-password-submit").click();
await page.getByTestId("user").first().waitFor();
ok("only administrators have access, after entering the password again");

// A new account.
await page.getByTestId("user-new").click();
await page.getByTestId("user-name").fill("carla");
await page.getByTestId("user-display").fill("Carla Diaz");
await page.getByTestId("user-address").fill("carla@elsewhere.example");
await page.getByTestId("user-password").fill(FIRST);
await page.getByTestId("user-make").click();
await shown(page, "user-problem", /\S/).waitFor();
await page.getByTestId("user-address").fill(`carla@${domain}`);
await page.getByTestId("user-make").click();
await reads(page.getByTestId("user-recovery-key"), /^[0-9a-z-]{40,}$/);
await accessible(page, "somebody new");
await page.getByTestId("user-recorded").click();
/** The details of the chosen user, and how one is chosen. */
const card = page.getByTestId("user-detail");
const rowOf = (name) => page.locator(`[data-testid=user][data-name=${name}]`);
const choose = (name) => rowOf(name).getByTestId("user-open").click();
await shown(rowOf("carla"), "user-open", "Carla Diaz").waitFor();
await reads(rowOf("carla"), /Never signed in/);
await accessible(page, "the table of users");
const carla = await profile(browser);
await carla.goto(`${base}/`);
await carla.getByTestId("sign-in-name").fill("carla");
await carla.getByTestId("sign-in-password").fill(FIRST);
await carla.getByTestId("sign-in-submit").click();
// Nothing else is there before she has chosen a password that nobody else knows.
await carla.getByTestId("choose-given").fill(FIRST);
await carla.getByTestId("choose-own").fill(CARLA);
await accessible(carla, "choosing a password");
await carla.getByTestId("choose-submit").click();
await reads(carla.getByTestId("choose-key"), /^[0-9a-z-]{40,}$/);
await arriving(carla, () => carla.getByTestId("choose-key-done").click());
await carla.getByTestId("place-mail").waitFor();
ok("an administrator creates an account, and its user chooses a password before anything else");

// The table is searched and sorted by the server; the details are left and opened by keyboard.
await page.getByTestId("users-find").fill("carla@");
await page.keyboard.press("Enter");
await reads(page.getByTestId("users-count"), /^1 of \d+ users$/);
await reads(rowOf("carla"), /Active.*now/s);
await page.getByTestId("users-find").fill("");
await page.keyboard.press("Enter");
await page.getByTestId("users-by-active").click();
await soon(async () => assert.equal(await page.getByTestId("user").first().getAttribute("data-name"), "carla"));
await choose("carla");
await accessible(page, "the details of a user");
await page.getByTestId("user-close").click();
await soon(async () => assert(await rowOf("carla").getByTestId("user-open").evaluate((one) => one === document.activeElement)));
await page.keyboard.press("Enter");
await card.waitFor();
ok("users are searched, sorted and opened in the table");

// Whose messages she accepts applies at the SMTP server at once.
assert.match(await asked(`carla@${domain}`), /^250 /);
await acting(() => card.getByTestId("user-accept").selectOption("inside"));
assert.match(await asked(`carla@${domain}`), /^550 5\.7\.1 /);
await page.reload();
await choose("carla");
await stands(card, "user-accept", "inside");
await carla.goto(`${base}/settings`);
await shown(carla, "source-acceptFrom", "You chose this").waitFor();
await kept(carla, () => carla.getByTestId("follow-acceptFrom").click(), "/api/preferences");
await shown(carla, "source-acceptFrom", "organisation’s default").waitFor();
await stands(carla, "preference-acceptFrom", "both");
assert.match(await asked(`carla@${domain}`), /^250 /);
ok("user and administrator can set whose messages are accepted, and SMTP obeys");

// P-66: when notices of chats and boards come is chosen in the settings, and stays.
const changes = (id, act) => kept(carla, () => act(carla.getByTestId(id)), "/api/notices");
await changes("notice-pace", (box) => box.selectOption("daily"));
await changes("notice-daily", (field) => field.fill("17:15"));
await changes("notice-quiet", (box) => box.check());
await changes("notice-quiet-from", (field) => field.fill("23:30"));
await accessible(carla, "notices in the settings");
await carla.reload();
await stands(carla, "notice-pace", "daily");
await stands(carla, "notice-daily", "17:15");
await stands(carla, "notice-quiet-from", "23:30");
await stands(carla, "notice-quiet-until", "07:00");
await carla.getByTestId("notice-zone").waitFor();
await carla.getByTestId("notice-address-set").click();
await carla.getByTestId("notice-address-field").fill(`carla@${domain}`);
await carla.getByTestId("notice-address-password").fill(CARLA);
expectFailure(/status of 422/);
await carla.getByTestId("notice-address-submit").click();
await reads(carla.getByTestId("notice-address-problem"), /one of ours/);
ok("a user chooses when notices come, and names no address inside for them");

// P-24: limits for one account apply at the SMTP server at once, and its user sees them.
const limit = (octets, messages) =>
  acting(async () => {
    await card.getByTestId("user-quota-octets").fill(octets);
    await card.getByTestId("user-quota-messages").fill(messages);
    await card.getByTestId("user-quota-set").click();
  });
await limit("0.5", "3");
// She was told of what she did to her account.
await reads(card.getByTestId("quota-used"), /^\d+ bytes of 500 MB used$/);
await carla.goto(`${base}/mail/inbox`);
await reads(carla.getByTestId("quota-used"), /^\d+ bytes of 500 MB used$/);
while (/^250 /.test(await asked(`carla@${domain}`)))
  await deliver(`carla@${domain}`, message("Fills it", "One more message."));
await reads(carla.getByTestId("quota-word"), /^Full: you can neither send nor receive messages$/);
// The warning comes whatever the quota, and counts like any message.
await carla.locator("[data-testid=notice][data-kind=almost-full]").waitFor();
await reads(carla.getByTestId("quota-used"), /^4 of 3 messages$/);
await accessible(carla, "a full mailbox");
assert.match(await asked(`carla@${domain}`), /^452 4\.2\.2 /);
await accessible(page, "limits of an account");
await limit("", "");
await reads(card.getByTestId("quota-used"), / of 10 GB used$/);
assert.match(await asked(`carla@${domain}`), /^250 /);
await carla.goto(`${base}/settings`);
ok("limits of one account apply at once, and its user sees how full the mailbox is");

// P-16, P-39: a setting that an administrator fixed is shown as fixed, with its source.
await shown(carla, "source-choice", "organisation’s default").waitFor();
const asks = () => carla.getByTestId("preference-choice").selectOption("ask");
await kept(carla, asks, "/api/preferences");
await shown(carla, "source-choice", "You chose this").waitFor();
await open("policy");
await page.getByTestId("policy-mode").first().selectOption("fixed");
await acting(() => page.getByTestId("policy-keep").click());
await carla.reload();
await shown(carla, "source-choice", "set this for everyone").waitFor();
await carla.locator("[data-testid=preference-choice]:disabled").waitFor();
await acting(() => page.getByTestId("policy-file").click());
await page.getByTestId("policy-file").waitFor({ state: "detached" });
await carla.reload();
await shown(carla, "source-choice", "You chose this").waitFor();
await carla.locator("[data-testid=preference-choice]:enabled").waitFor();
ok("a policy applies as soon as it is saved, and can be released");

// The organisation's name and colour are shown before sign-in.
await open("site");
await page.getByTestId("site-name").fill("Herons & Co");
await page.getByTestId("site-own-accent").check();
await page.getByTestId("site-accent").fill("#7a1f3d");
await acting(() => page.getByTestId("site-keep").click());
const stranger = await profile(browser);
await stranger.goto(`${base}/`);
await stranger.getByText("Herons & Co").first().waitFor();
const brandColour = (where) =>
  where.evaluate(() => document.documentElement.style.getPropertyValue("--brand"));
await soon(async () => assert.equal(await brandColour(stranger), "#7a1f3d"));
await accessible(stranger, "signing in, in the house's colour");
ok("the organisation has a name and a colour");

// P-38: messages that cannot be delivered, because nothing listens at the next hop.
const outsiders = ["eve@one.example", "noa@two.example", "max@two.example"];
await other.getByTestId("compose-button").click();
for (const to of outsiders) {
  await other.getByTestId("composer-to").fill(to);
  await other.keyboard.press("Enter");
}
await other.getByTestId("composer-subject").fill("Opening hours");
await other.getByTestId("composer-body").fill("From nine to five.");
await other.getByTestId("composer-send").click();
await other.getByTestId("composer").waitFor({ state: "detached" });
await open("queue");
const rows = page.getByTestId("queue-row");
const again = async (count) => {
  await soon(async () => {
    const answered = page.waitForResponse(
      (answer) => answer.url().includes("/api/manage/queue?"),
      { timeout: ATTEMPT_MS },
    );
    const [answer] = await Promise.all([answered, page.getByTestId("queue-again").click()]);
    assert.equal((await answer.json()).items.length, count);
    await page.waitForFunction(
      (count) => document.querySelectorAll("[data-testid=queue-row]").length === count,
      count,
      { timeout: ATTEMPT_MS },
    );
  });
};
await again(3);
await page.getByTestId("queue-find").fill("TWO.example");
await again(2);
await page.getByTestId("queue-find").fill("nobody@nowhere");
await again(0);
await page.getByText("No messages in the queue match this search.").waitFor();
await page.getByTestId("queue-find").fill("noa@");
await again(1);
await accessible(page, "the queue");
await acting(() => rows.getByTestId("queue-hold").click());
await page.locator("[data-testid=queue-row][data-state=held]").waitFor();
await rows.getByTestId("queue-drop").click();
await acting(() => page.getByTestId("confirm-yes").click());
await rows.waitFor({ state: "detached" });
await page.getByTestId("queue-find").fill("");
await again(2);
// The sender sees that delivery was cancelled.
await other.goto(`${base}/mail/sent`);
await other.getByTestId("row-link").first().click();
await shown(other, "status-line", "noa@two.example").filter({ hasText: "withdrawn by the administrator" }).waitFor();
ok("undeliverable messages are found, held and cancelled");

// A disabled user is signed out in every browser at once.
await open("users");
await choose("carla");
await card.getByTestId("user-disable").click();
await acting(() => page.getByTestId("confirm-yes").click());
await card.getByTestId("user-enable").waitFor();
await carla.reload();
await carla.getByTestId("sign-in-password").waitFor();
await carla.getByTestId("sign-in-name").fill("carla");
await carla.getByTestId("sign-in-password").fill(CARLA);
await carla.getByTestId("sign-in-submit").click();
await shown(carla, "sign-in-problem", /\S/).waitFor();
await acting(() => card.getByTestId("user-enable").click());
await card.getByTestId("user-disable").waitFor();
await carla.getByTestId("sign-in-password").fill(CARLA);
await carla.getByTestId("sign-in-submit").click();
await carla.getByTestId("place-mail").waitFor();
ok("a disabled user is signed out at once, and can return once enabled");

// The last administrator cannot be removed.
expectFailure(/last administrator/);
await choose(user);
await card.getByTestId("user-manager").click();
await shown(page, "toast", "last administrator").waitFor();
await choose("carla");
await acting(() => card.getByTestId("user-manager").click());
await reads(rowOf("carla"), /Administrator/);
await carla.reload();
await carla.getByTestId("place-manage").waitFor();

await open("diagnostics");
const facts = page.getByTestId("diagnostics");
await reads(facts, /Storage used\s+[\d.]+ [kMG]?B/);
await reads(facts, /Free disk space\s+[\d,.]+ [MG]B/);
await reads(facts, /Certificate valid until\s+\S/);
await open("log");
const log = page.getByTestId("log");
for (const act of ["created a user", "disabled a user", "enabled a user", "cancelled a delivery"])
  await reads(log, new RegExp(act));
assert.doesNotMatch(await reads(log, /\S/), /Opening hours/, "no content");
ok("diagnostics and the audit log are shown");

// The same on a phone, in Hebrew.
const phone = await profile(browser, { viewport: { width: 320, height: 640 }, hasTouch: true, locale: "he-IL" });
await signIn(phone, user);
for (const name of ["users", "queue"]) {
  await phone.goto(`${base}/manage/${name}`);
  await phone.getByTestId(name === "users" ? "user" : "queue-row").first().waitFor();
  await noSidewaysScroll(phone, `${name} on a phone, in Hebrew`);
  await accessible(phone, `${name} on a phone, in Hebrew`);
}
await phone.goto(`${base}/manage/users`);
await phone.getByTestId("user-open").first().click();
await phone.getByTestId("user-detail").waitFor();
await noSidewaysScroll(phone, "a user on a phone, in Hebrew");
await accessible(phone, "a user on a phone, in Hebrew");
ok("the administrators' pages work on a phone, in Hebrew");

// An address comes and goes, all sessions are ended, and the user is removed for good, once the
// username was typed.
await open("users");
await choose("carla");
await card.getByTestId("user-address-new").fill("not an address");
await card.getByTestId("user-address-add").click();
await shown(card, "user-address-problem", /\S/).waitFor();
await card.getByTestId("user-address-new").fill(`sales@${domain}`);
await acting(() => card.getByTestId("user-address-add").click());
await shown(card, "user-address-row", `sales@${domain}`).waitFor();
assert.match(await asked(`sales@${domain}`), /^250 /);
await accessible(page, "the addresses of a user");
await shown(card, "user-address-row", `sales@${domain}`).getByTestId("user-address-drop").click();
await acting(() => page.getByTestId("confirm-yes").click());
await shown(card, "user-address-row", `sales@${domain}`).waitFor({ state: "detached" });
assert.match(await asked(`sales@${domain}`), /^550 5\.1\.1 /);
await acting(() => card.getByTestId("user-sign-out").click());
await carla.reload();
await carla.getByTestId("sign-in-password").waitFor();
await card.getByTestId("user-remove").click();
await page.getByTestId("user-remove-typed").fill("carl");
await page.getByTestId("user-remove-yes").click();
await shown(page, "user-remove-problem", "carla").waitFor();
await accessible(page, "removing a user");
await page.getByTestId("user-remove-typed").fill("carla");
await acting(() => page.getByTestId("user-remove-yes").click());
await rowOf("carla").waitFor({ state: "detached" });
assert.match(await asked(`carla@${domain}`), /^550 5\.1\.1 /);
await open("log");
await reads(page.getByTestId("log"), /removed a user/);
await phone.reload();
await phone.getByTestId("user-open").nth(1).click();
await phone.getByTestId("user-remove").click();
await phone.getByTestId("user-removal").waitFor();
await noSidewaysScroll(phone, "removing a user on a phone, in Hebrew");
await accessible(phone, "removing a user on a phone, in Hebrew");
ok("addresses come and go, and a user is removed for good");

await browser.close();
// Chromium logs the requests that are refused on purpose, with 403 and 422.
assert.deepEqual(problems.filter((one) => !/^console: .*status of (403|422)/.test(one)), []);
console.log("done");
