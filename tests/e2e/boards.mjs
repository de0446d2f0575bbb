// Boards: one is made with the mouse, a topic is answered with a quotation, a post is for one reader alone,
// and rights come and go; then the keyboard alone, and a phone in two languages. P-58, P-59, P-60, P-63
import assert from "node:assert/strict";
import {
  accessible,
  base,
  launch,
  ok,
  onPhones,
  picture,
  problems,
  profile,
  reads,
  signIn,
  soon,
  tabTo,
} from "./support.mjs";

const [user, domain] = process.env.POSTERN_ADDRESS.split("@");
const browser = await launch();
const page = await profile(browser, { viewport: { width: 1280, height: 800 } });
const other = await profile(browser, {
  viewport: { width: 1280, height: 800 },
});
const third = await profile(browser, {
  viewport: { width: 1280, height: 800 },
});
const board = (where, name) =>
  where.getByTestId("board-row").filter({ hasText: name });
const topic = (where, name) =>
  where.getByTestId("topic-row").filter({ hasText: name });
const post = (where, text) =>
  where.getByTestId("post").filter({ hasText: text });

await signIn(page, user);
await signIn(other, "u2");
await signIn(third, "u3");

// With the mouse: a board for two others.
await page.getByTestId("place-boards").click();
await page.waitForURL("**/boards");
await accessible(page, "no boards");
await page.getByTestId("board-new").click();
await page.getByTestId("board-save").click();
await reads(page.getByTestId("board-problem"), /\S/);
await page.getByTestId("board-name").fill("Heron watch");
await page.getByTestId("board-description").fill("Where the herons are");
await page.getByTestId("reader-address").fill(`nobody@${domain}`);
await page.getByTestId("reader-add").click();
await page.getByTestId("board-save").click();
await reads(page.getByTestId("board-problem"), /not found/);
await page.getByTestId("board-drop").click();
for (const name of ["u2", "u3"]) {
  await page.getByTestId("reader-address").fill(`${name}@${domain}`);
  await page.getByTestId("reader-add").click();
  await page.getByTestId("board-right").last().selectOption("write");
}
await accessible(page, "a new board");
await page.getByTestId("board-save").click();
await reads(page.getByTestId("board-title"), /^Heron watch$/);
await reads(
  page.getByTestId("board-audience"),
  /3 people read · 3 people write/,
);
assert.match(
  new URL(page.url()).pathname,
  /^\/boards\/[0-9a-f]{32}$/,
  "no name in the address",
);
assert.ok(!(await page.title()).includes("Heron"), "nor in the title");
await page.getByTestId("topic-new").click();
await page.getByTestId("post-title").fill("Nests");
await page
  .getByTestId("post-text")
  .fill("Who has **seen** one?\n\n- at noon\n- <b>never</b>");
await accessible(page, "a new topic");
await page.getByTestId("topic-form").getByTestId("post-save").click();
await reads(page.getByTestId("topic-title"), /^Nests$/);
await reads(post(page, "seen").locator("strong"), /^seen$/);
await post(page, "<b>never</b>").waitFor();
await accessible(page, "a topic");
await picture(page, "topic");
ok("a board and a topic are made");

// Others see it, and answer; who is asked nothing sees what is not read.
await other.getByTestId("place-boards").click();
await reads(board(other, "Heron watch").getByTestId("board-unread"), /1/);
await board(other, "Heron watch").click();
await reads(topic(other, "Nests").getByTestId("topic-unread"), /1/);
await topic(other, "Nests").click();
await post(other, "seen").getByTestId("post-quote").click();
await soon(async () =>
  assert.match(
    await other.getByTestId("post-text").inputValue(),
    /^\*\*.+\*\*\n> Who has/,
  ),
);
await other.getByTestId("post-text").press("Control+End");
await other.keyboard.type("Near the harbour.");
await other.getByTestId("post-save").click();
await post(other, "harbour").locator("blockquote").waitFor();
await post(page, "harbour").waitFor();
ok("an answer with a quotation arrives without a reload");

// One for the first one alone.
await other.getByTestId("post-limits").click();
await other.getByTestId("post-reader-address").fill(`${user}@${domain}`);
await other.getByTestId("post-reader-address").press("Enter");
await other.getByTestId("post-text").fill("The key lies under the stone.");
await accessible(other, "an answer for one reader");
await other.getByTestId("post-save").click();
await post(page, "stone").getByTestId("post-readers").waitFor();
const number = await post(page, "stone")
  .getByTestId("post-number")
  .textContent();
await third.getByTestId("place-boards").click();
await board(third, "Heron watch").click();
await reads(topic(third, "Nests"), /2 posts/);
await topic(third, "Nests").click();
await post(third, "harbour").waitFor();
assert.equal(await post(third, "stone").count(), 0, "it is not for the third");
await third.getByTestId("topic-board").click();
for (const question of ["stone", number]) {
  await third.getByTestId("board-search").fill(question);
  await third.getByTestId("board-find").click();
  await reads(third.locator("#found-title"), /^0 posts/);
}
await page.getByTestId("topic-board").click();
await page.getByTestId("board-search").fill("STONE");
await page.getByTestId("board-find").click();
await page.getByTestId("found-row").click();
await post(page, "stone").waitFor();
ok("a post for one reader is nobody else's");

// An answer that quotes it is for the same readers.
await post(page, "stone").getByTestId("post-quote").click();
await page.getByTestId("post-reader").filter({ hasText: "u2" }).waitFor();
await page.getByTestId("post-text").press("Control+End");
await page.keyboard.type("I took the key.");
await page.getByTestId("post-save").click();
await post(other, "I took the key.").getByTestId("post-readers").waitFor();
await third.getByTestId("board-search").fill("took the key");
await third.getByTestId("board-find").click();
await reads(third.locator("#found-title"), /^0 posts/);
ok("a quotation of it is for the same readers");

// Quotations of posts that are for different people are for nobody until somebody is named.
await topic(third, "Nests").click();
await post(third, "harbour").waitFor();
await third.getByTestId("post-limits").click();
await third.getByTestId("post-reader-address").fill(`${user}@${domain}`);
await third.getByTestId("post-reader-address").press("Enter");
await third.getByTestId("post-text").fill("The boat is mine.");
await third.getByTestId("post-save").click();
for (const text of ["The key lies", "boat", "The key lies"]) {
  await post(page, text).first().getByTestId("post-quote").click();
}
await soon(async () =>
  assert.match(
    await page.getByTestId("post-text").inputValue(),
    /stone[^]*boat[^]*stone/,
  ),
);
assert.equal(await page.getByTestId("post-reader").count(), 0, "nobody is named");
await page.getByTestId("post-save").click();
await reads(page.getByTestId("post-problem"), /at least one/);
await page.reload();
await post(page, "boat").waitFor();
ok("quotations of posts for different people are for nobody");

// A post is changed, with what it said before, and deleted.
await post(other, "harbour").getByTestId("post-edit").click();
await other
  .getByTestId("post-edit-form")
  .getByTestId("post-text")
  .fill("Near the mill.");
await other.getByTestId("post-edit-form").getByTestId("post-save").click();
await post(page, "mill").getByTestId("post-versions").click();
await reads(page.getByTestId("version").first(), /harbour/);
await accessible(page, "earlier versions");
await page.keyboard.press("Escape");
assert.equal(
  await post(page, "mill").getByTestId("post-edit").count(),
  1,
  "who manages edits",
);
await post(other, "mill").getByTestId("post-delete").click();
await other.getByTestId("confirm-yes").click();
await post(page, "mill").waitFor({ state: "detached" });
ok("a post is changed and deleted");

// Somebody reacts, follows a topic, and hears nothing of it.
await post(third, "boat").getByTestId("post-reaction").first().click();
await reads(post(page, "boat").getByTestId("post-reaction").first(), /^\s*1\s*$/);
await post(page, "boat").getByTestId("post-reaction").first().click();
await reads(post(third, "boat").getByTestId("post-reaction").first(), /^\s*2\s*$/);
await post(third, "boat").getByTestId("post-reaction").first().click();
await reads(post(page, "boat").getByTestId("post-reaction").first(), /^\s*1\s*$/);
await third.getByTestId("topic-followed").click();
await reads(third.locator('[data-testid="topic-followed"][aria-pressed="true"]'), /\S/);
await third.getByTestId("place-boards").click();
await page.getByTestId("post-text").fill("Has anybody seen the boat?");
await page.getByTestId("post-save").click();
await reads(board(third, "Heron watch").getByTestId("board-followed"), /1/);
await board(third, "Heron watch").click();
await topic(third, "Nests").click();
await third.getByTestId("topic-muted").click();
await reads(third.locator('[data-testid="topic-muted"][aria-pressed="true"]'), /\S/);
await accessible(third, "a muted topic");
await third.getByTestId("place-boards").click();
await page.getByTestId("post-text").fill("It is back.");
await page.getByTestId("post-save").click();
await post(page, "It is back").waitFor();
await third.reload();
await board(third, "Heron watch").waitFor();
assert.equal(await board(third, "Heron watch").getByTestId("board-unread").count(), 0);
await board(third, "Heron watch").click();
await topic(third, "Nests").click();
await third.getByTestId("topic-muted").click();
ok("reactions, and topics that are followed or muted");

// A file is attached, looked at and saved by others, and goes with the change that drops it.
await page.getByTestId("post-attach").setInputFiles([
  { name: "nests.txt", mimeType: "text/plain", buffer: Buffer.from("Four eggs.") },
  { name: "run.exe", mimeType: "application/x-msdownload", buffer: Buffer.from("MZ") },
]);
await soon(async () =>
  assert.equal(await page.locator('[data-testid="composer-upload"][data-state="done"]').count(), 2),
);
await page.getByTestId("post-text").fill("What is in the nests.");
await accessible(page, "files of an answer");
await page.getByTestId("post-save").click();
await post(third, "in the nests").getByTestId("preview").click();
await reads(third.getByTestId("preview-text"), /Four eggs/);
await accessible(third, "a file of a post");
await third.keyboard.press("Escape");
const saved = third.waitForEvent("download");
await post(third, "in the nests").getByTestId("attachment").filter({ hasText: "nests.txt" }).click();
assert.equal((await saved).suggestedFilename(), "nests.txt");
await post(third, "in the nests").getByTestId("attachment").filter({ hasText: "run.exe" }).click();
await third.getByTestId("confirm-yes").waitFor();
await third.keyboard.press("Escape");
await picture(page, "topic-files");
await post(page, "in the nests").getByTestId("post-edit").click();
await page
  .getByTestId("post-kept-file")
  .filter({ hasText: "run.exe" })
  .getByRole("button")
  .click();
await page.getByTestId("post-files-end").waitFor();
await page.getByTestId("post-edit-form").getByTestId("post-save").click();
await soon(async () =>
  assert.equal(await post(third, "in the nests").getByTestId("attachment").count(), 1),
);
ok("a file comes with a post, and is dropped again");

// A right is taken away.
await page.getByTestId("topic-lock").click();
await page.getByTestId("topic-locked").waitFor();
await page.getByTestId("topic-board").click();
await page.getByTestId("board-edit").click();
await page
  .getByTestId("board-grant")
  .filter({ hasText: "User 2" })
  .getByTestId("board-drop")
  .click();
await accessible(page, "who may do what");
await picture(page, "board-rights");
// Another manager changes it meanwhile: what was shown is not put back.
const path = new URL(page.url()).pathname;
await page.getByTestId("board-right").last().selectOption("manage");
await page.getByTestId("board-save").click();
await reads(page.getByTestId("board-audience"), /2 people read/);
await page.getByTestId("board-edit").click();
await third.goto(`${base}${path}`);
await third.getByTestId("board-edit").click();
await third.getByTestId("board-name").fill("Heron watch, north");
await third.getByTestId("board-save").click();
await reads(page.getByTestId("board-title"), /north$/);
await page.getByTestId("reader-address").fill(`u4@${domain}`);
await page.getByTestId("reader-add").click();
await page.getByTestId("board-save").click();
await reads(page.getByTestId("board-problem"), /changed meanwhile/);
await page.keyboard.press("Escape");
await page.getByTestId("board-edit").click();
assert.equal(await page.getByTestId("board-grant").count(), 2);
await page.getByTestId("board-name").fill("Heron watch");
await page.getByTestId("board-save").click();
await reads(page.getByTestId("board-title"), /^Heron watch$/);
await reads(page.getByTestId("board-audience"), /2 people read/);
ok("two managers do not undo what the other did");
await other.reload();
await soon(async () =>
  assert.equal(await other.getByTestId("post").count(), 0),
);
await other.goto(`${base}/boards`);
await soon(async () =>
  assert.equal(await board(other, "Heron watch").count(), 0),
);
ok("who may read no more sees nothing");

// With the keyboard alone: the next topic that was not read.
await page.getByTestId("topic-new").click();
await page.keyboard.type("Tides");
await page.keyboard.press("Tab");
await page.keyboard.type("High at *nine*.");
await tabTo(page, "post-save");
await page.keyboard.press("Enter");
await reads(page.getByTestId("topic-title"), /^Tides$/);
await third.goto(`${base}/boards`);
await board(third, "Heron watch").waitFor();
await tabTo(third, "board-row");
await third.keyboard.press("Enter");
await topic(third, "Tides").waitFor();
await third.keyboard.press("n");
await reads(third.getByTestId("topic-title"), /^Tides$/);
await tabTo(third, "post-text");
await third.keyboard.type("Thanks.");
await tabTo(third, "post-save");
await third.keyboard.press("Enter");
await post(page, "Thanks.").waitFor();
ok("the same with the keyboard");

// On a phone, in Hebrew.
await onPhones(browser, "u3", async (phone, stands, locale) => {
  await phone.getByTestId("place-boards").click();
  await board(phone, "Heron watch").waitFor();
  await stands("boards");
  await board(phone, "Heron watch").click();
  await topic(phone, "Tides").waitFor();
  await stands("a board");
  await topic(phone, "Tides").click();
  await post(phone, "Thanks.").waitFor();
  await stands("a topic");
  await picture(phone, `topic-phone-${locale}`);
});

// An administrator sees boards by number alone, and deletes one that is not for administrators.
await third.goto(`${base}/boards`);
await third.getByTestId("board-new").click();
await third.getByTestId("board-name").fill("Osprey watch");
await third.getByTestId("board-save").click();
await reads(third.getByTestId("board-title"), /^Osprey watch$/);
const osprey = new URL(third.url()).pathname.split("/").at(-1);
const tides = page.url();
await page.goto(`${base}/manage/boards`);
const listed = page.locator(`[data-testid=managed-board][data-id="${osprey}"]`);
await reads(listed, /Posts: 0/);
await accessible(page, "boards by number");
assert.ok(!/Osprey|Heron/.test(await page.locator("main").textContent()), "no name is shown");
await listed.getByTestId("managed-board-delete").click();
await page.getByTestId("confirm-yes").click();
await listed.waitFor({ state: "detached" });
await third.goto(`${base}/boards`);
await board(third, "Heron watch").waitFor();
await soon(async () => assert.equal(await board(third, "Osprey").count(), 0));
await page.goto(tides);
ok("an administrator deletes a board by its number");

// And deleted: a topic, and then the board.
await page.getByTestId("topic-delete").click();
await page.getByTestId("confirm-yes").click();
await page.getByTestId("board-title").waitFor();
await soon(async () => assert.equal(await topic(page, "Tides").count(), 0));
await page.getByTestId("board-delete").click();
await page.getByTestId("confirm-yes").click();
await page.waitForURL("**/boards");
await soon(async () =>
  assert.equal(await board(page, "Heron watch").count(), 0),
);
await browser.close();
assert.deepEqual(problems, []);
console.log("done");
