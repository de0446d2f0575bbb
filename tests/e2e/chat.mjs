// Chat: a room is opened, somebody asks to join and is admitted, they talk, one is away and comes back,
// and leaves with a transcript. Three browsers; by mouse and keyboard, at 320 px, in Hebrew.
// P-11, P-64, P-65, P-66, P-67, P-69, P-71
import assert from "node:assert/strict";
import {
  accessible,
  base,
  launch,
  noSidewaysScroll,
  ok,
  picture,
  problems,
  profile,
  reads,
  signIn,
  soon,
} from "./support.mjs";

const me = process.env.POSTERN_ADDRESS;
const other = me.replace("u1", "u2");
const third = me.replace("u1", "u3");
const browser = await launch();
const page = await profile(browser, {
  viewport: { width: 1280, height: 800 },
  permissions: ["clipboard-read", "clipboard-write"],
});
await signIn(page, me.split("@")[0]);
const small = await profile(browser, {
  viewport: { width: 320, height: 640 },
  locale: "he-IL",
});
await signIn(small, other.split("@")[0]);
const far = await profile(browser, { viewport: { width: 1280, height: 800 } });
await signIn(far, third.split("@")[0]);

const said = (where) => where.getByTestId("line-text");

// By mouse: a room is opened, and its number given to somebody.
await page.getByTestId("place-chat").click();
await page.getByTestId("begin-room").click();
await page.getByTestId("room-name").fill("Plans for spring");
await page.getByTestId("room-new-submit").click();
await page.getByTestId("room-page").waitFor();
await reads(page.getByTestId("room-page").getByRole("heading"), /Plans/);
const room = new URL(page.url()).pathname.split("/")[2];
await accessible(page, "a new room");
ok("a room is opened");

// At 320 px, in Hebrew: somebody asks to join, and sees nothing until admitted.
await small.goto(`${base}/chat`);
await small.getByTestId("begin-ask").click();
await small.getByTestId("ask-number").fill(room);
await small.getByTestId("ask-submit").click();
await small.getByTestId("asked-state").waitFor();
await accessible(small, "a request that waits, in Hebrew at 320 px");
await noSidewaysScroll(small, "the list of rooms at 320 px");
assert.equal(await small.getByTestId("room").count(), 0);
await reads(page.getByTestId("waiting-row"), new RegExp(other));
await accessible(page, "somebody asks to join");
await page.getByTestId("admit").click();
await small.getByTestId("room").waitFor();
ok("a controller sees who asks, and admits");

// They talk: what one says appears at the other's without a reload.
// What was said before, what came since, and once more when the others learn that somebody is there.
let pages = 0;
small.on(
  "response",
  (response) => (pages += Number(response.url().includes("/lines?"))),
);
await small.getByTestId("room").click();
await small.getByTestId("room-page").waitFor();
await soon(async () => assert.equal(pages, 3));
const asked = [];
small.on(
  "request",
  (request) => request.url().includes("/lines") && asked.push(request.url()),
);
await page.getByTestId("room-text").fill("Shall we begin in March?");
await page.getByTestId("room-text").press("Enter");
await reads(said(small).last(), /March/);
assert.deepEqual(asked, [], "a line comes by itself");
await small.getByTestId("room-text").fill("כן, בתחילת החודש");
await small.getByTestId("room-text").press("Enter");
await reads(said(page).last(), /כן/);
await accessible(small, "a room in Hebrew at 320 px");
await noSidewaysScroll(small, "a room at 320 px");
await accessible(page, "a room");
await picture(page, "room");
await picture(small, "room-hebrew-phone");
assert.match(await small.title(), /^[^:]*$/u);
ok("two people talk, each in the own direction of writing");

// By keyboard: an answer to a line, and a change of it.
const last = page.getByTestId("line").filter({ hasText: "כן" });
await last.getByTestId("line-more").focus();
await page.keyboard.press("Enter");
await last.getByTestId("line-reply").press("Enter");
await page.getByTestId("answering").waitFor();
await page.keyboard.type("Agred");
await page.keyboard.press("Enter");
await reads(said(small).last(), /Agred/);
const own = page.getByTestId("line").filter({ hasText: "Agred" });
await own.getByTestId("line-more").focus();
await page.keyboard.press("Enter");
await own.getByTestId("line-edit").press("Enter");
await page.getByTestId("room-text").fill("Agreed");
await page.keyboard.press("Enter");
await reads(said(small).last(), /Agreed/);
ok("a line is answered and changed by the keyboard");

// Two people alone: no number is needed, and a third one sees nothing of the room.
await far.goto(`${base}/chat/${room}`);
await reads(far.getByTestId("empty").last(), /not there/);
assert.equal(await far.getByTestId("room").count(), 0);
await far.getByTestId("begin-with").click();
await far.getByTestId("with-address").fill(me);
await far.getByTestId("with-submit").click();
await far.getByTestId("room-text").fill("Only for you");
await far.getByTestId("room-say").click();
await reads(page.getByTestId("rooms"), /User 3/);
// On every page: how much is unread, in the title and the rail, and nobody's words.
await soon(async () => assert.match(await page.title(), /^\[1\] Chat/));
await page.getByTestId("place-mail").click();
await soon(async () => assert.match(await page.title(), /^\[1\] /));
await reads(page.getByTestId("place-chat"), /\(1\)/);
assert.ok(!(await page.title()).includes("Only"));
await accessible(page, "mail with an unread line elsewhere");
await page.getByTestId("place-chat").click();
await page.getByTestId("room").filter({ hasText: "User 3" }).click();
await reads(said(page), /Only for you/);
await soon(async () => assert.doesNotMatch(await page.title(), /\[/));
ok("an unread line shows in the title and the rail of every page");

// What was said is found by its words; the line is shown where it stands.
await page.getByTestId("find").click();
const everywhere = page.getByTestId("find-form").getByTestId("find-text");
await everywhere.fill("marc");
await everywhere.press("Enter");
await reads(page.getByTestId("found"), /March/);
await accessible(page, "what was found");
await page.getByTestId("found").click();
await reads(said(page).filter({ hasText: "March" }), /March/);
assert.ok(!page.url().includes("marc"));
ok("what was said is found");

// Somebody is mentioned by a name that is completed, and sees the mark.
await page.getByTestId("room-text").pressSequentially("@Us");
await page.getByTestId("mention-choose").filter({ hasText: "User 2" }).click();
await page.keyboard.type("see you then");
await page.keyboard.press("Enter");
await reads(
  small.getByTestId("line-meant").locator("xpath=../.."),
  /see you then/,
);
await accessible(small, "a line that is for the reader, in Hebrew at 320 px");
await noSidewaysScroll(small, "a line that is for the reader at 320 px");
ok("somebody is mentioned");

ok(
  "a conversation of two begins, and a room that is not one's own is not there",
);

// Leaving with a transcript: the others see it, and the inbox has what was said.
await small.getByTestId("room-more").click();
await small.getByTestId("room-leave").click();
await accessible(small, "leaving, in Hebrew at 320 px");
await small.getByTestId("leave-transcript").click();
await soon(async () => {
  const events = await page.getByTestId("line-event").allTextContents();
  assert.ok(
    events.some((text) => text.includes("left")),
    events.join(),
  );
});
await small.goto(`${base}/mail/inbox`);
await small.getByTestId("row").first().click();
await reads(small.locator("main"), /March/);
ok("who leaves has a transcript in the inbox");

await browser.close();
assert.deepEqual(problems, []);
console.log("done");
