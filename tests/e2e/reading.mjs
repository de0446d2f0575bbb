// Reading with the keyboard alone, and where the focus is meanwhile.
import assert from "node:assert/strict";
import {
  accessible, base, deliver, kept, launch, message, ok, problems, profile, reads, search, signIn,
  soon,
} from "./support.mjs";

const me = process.env.POSTERN_ADDRESS;
const user = me.split("@")[0];

const subjects = ["Apple", "Birch", "Cedar", "Date", "Elder"];
const refs = {};
for (const subject of subjects)
  refs[subject] = await deliver(me, message(subject, `The word is ${subject.toUpperCase()}.`));

const browser = await launch();
const page = await profile(browser, { viewport: { width: 1280, height: 800 } });
const press = (key) => page.keyboard.press(key);

/** What has the focus: its test ID and the message it belongs to. */
const focus = () =>
  page.evaluate(() => {
    const at = document.activeElement;
    return [at.dataset.testid ?? at.tagName, at.closest("[data-ref]")?.dataset.ref ?? null];
  });
const at = (what, subject) => soon(async () => assert.deepEqual(await focus(), [what, refs[subject]]));

await signIn(page, user);
await page.getByTestId("row").nth(4).waitFor();

// Newest first: Elder, Date, Cedar, Birch, Apple.
await press("j");
await at("row-link", "Elder");
await press("o");
await at("sealed-card", "Elder");
assert.ok(!(await page.locator("body").innerText()).includes("ELDER"));
await press("o");
await page.getByTestId("text").filter({ hasText: "ELDER" }).waitFor();
await at("message", "Elder");
ok("the first press shows the card, the second one opens it");

await press("e");
await at("sealed-card", "Date");
await press("Shift+R");
await page.getByTestId("reject-dialog").waitFor();
await press("Escape");
await at("sealed-card", "Date");
await press("Control+k");
await page.locator("[data-testid=palette-field]:focus").waitFor();
await page.keyboard.type("reject");
await press("Enter");
await page.getByTestId("reject-dialog").waitFor();
await soon(async () =>
  assert.ok(await page.evaluate(() => document.activeElement.closest("dialog") !== null)),
);
await press("Escape");
await at("sealed-card", "Date");
await press("Shift+R");
await page.getByTestId("reject-confirm").focus();
await press("Enter");
await at("sealed-card", "Cedar");
await press("z");
await page.locator(`[data-testid=row][data-ref="${refs.Date}"]`).waitFor();
ok("a key asks whether to reject, and the next message is shown");

await press("Escape");
await at("row-link", "Cedar");
await press("#");
await at("row-link", "Birch");
await press("Enter");
await at("sealed-card", "Birch");
await press("Enter");
await at("message", "Birch");
ok("Enter does the same");

// What is read begins near the top, and what is known about it is one press away.
const box = (what) => page.getByTestId(what).first().boundingBox();
await soon(async () => {
  const [bar, text] = [await page.locator("[role=toolbar]").last().boundingBox(), await box("text")];
  const room = text.y - (bar.y + bar.height);
  assert.ok(room > 0 && room <= 190, `the text begins ${room} px below the tool bar`);
});
assert.equal(await page.getByTestId("reference").isVisible(), false);
await page.getByTestId("details").click();
await reads(page.getByTestId("reference"), new RegExp(refs.Birch));
await reads(page.getByTestId("travelled"), /127\.0\.0\.1/);
await accessible(page, "details");
ok("the text comes first, and the facts are under Details");

// A row is 68 px high, and what appears under the pointer covers nothing.
const first = page.getByTestId("row").first();
assert.equal((await first.boundingBox()).height, 68);
await first.hover();
await soon(async () => {
  const [subject, tools] = await first.evaluate((row) =>
    [".about", ".tools"].map((part) => {
      const { left, right, top, bottom } = row.querySelector(part).getBoundingClientRect();
      return { left, right, top, bottom };
    }),
  );
  assert.ok(tools.right > tools.left && subject.right <= tools.left, "beside the subject");
});
await page.getByTestId("row-begins").first().filter({ hasText: "The word is BIRCH." }).waitFor();
const sealedRow = page.locator("[data-testid=row][data-opened=false]").first();
assert.equal(await sealedRow.getByTestId("row-begins").count(), 0);
await search(page, "subject:Elder");
await reads(page.getByTestId("search-count"), /^1 result$/);
ok("rows show how what was opened begins, and a search how much it found");

await page.goto(`${base}/settings`);
await kept(
  page,
  () => page.getByTestId("advance").selectOption("list"),
  "/api/appearance",
  '"advance":"list"',
);
await page.goto(`${base}/mail/inbox/${refs.Birch}`);
await page.getByTestId("message").waitFor();
await press("e");
await page.waitForURL(/\/mail\/inbox$/);
await at("row-link", "Apple");
ok("the list alone is shown instead, if that is what was chosen");

await browser.close();
assert.deepEqual(problems, []);
console.log("done");
