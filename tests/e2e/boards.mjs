// Boards: one is made with the mouse, a topic is answered with a quotation, a post is for one reader alone,
// and rights come and go; then the keyboard alone, and a phone in two languages. P-58, P-59, P-60, P-63
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
await page.getByTestId("board-save").click();
await reads(page.getByTestId("board-audience"), /2 people read/);
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
const tabTo = async (where, testid) => {
  for (let tabs = 0; tabs < 120; tabs += 1) {
    const at = await where.evaluate(() =>
      document.activeElement?.getAttribute("data-testid"),
    );
    if (at === testid) return;
    await where.keyboard.press("Tab");
  }
  assert.fail(`${testid} is not reached by the keyboard`);
};
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
for (const locale of ["en-US", "he-IL"]) {
  const phone = await profile(browser, {
    viewport: { width: 320, height: 640 },
    hasTouch: true,
    isMobile: true,
    locale,
  });
  await signIn(phone, "u3");
  await phone.getByTestId("rail-more").click();
  await phone.getByTestId("place-boards").click();
  await board(phone, "Heron watch").waitFor();
  await noSidewaysScroll(phone, `boards, ${locale}`);
  await accessible(phone, `boards, ${locale}`);
  await board(phone, "Heron watch").click();
  await topic(phone, "Tides").waitFor();
  await noSidewaysScroll(phone, `a board, ${locale}`);
  await accessible(phone, `a board, ${locale}`);
  await topic(phone, "Tides").click();
  await post(phone, "Thanks.").waitFor();
  await noSidewaysScroll(phone, `a topic, ${locale}`);
  await accessible(phone, `a topic, ${locale}`);
  await picture(phone, `topic-phone-${locale}`);
  if (locale === "he-IL")
    assert.equal(
      await phone.evaluate(() => document.documentElement.dir),
      "rtl",
    );
  await phone.context().close();
  ok(`a phone, ${locale}`);
}

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
