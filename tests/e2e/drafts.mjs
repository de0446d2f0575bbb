// Drafts are a list like the other mailboxes: filtered, ticked, discarded together and brought back.
// P-11, P-24
import assert from "node:assert/strict";
import {
  accessible,
  base,
  kept,
  launch,
  ok,
  problems,
  profile,
  signIn,
  soon,
} from "./support.mjs";

const user = process.env.POSTERN_ADDRESS.split("@")[0];
const browser = await launch();
const page = await profile(browser, { viewport: { width: 1280, height: 800 } });
await signIn(page, user);

async function write(to, subject) {
  await page.getByTestId("compose-button").click();
  await page.getByTestId("composer-to").fill(to);
  await page.keyboard.press("Enter");
  await page.getByTestId("composer-subject").fill(subject);
  await kept(page, () => page.getByTestId("composer-close").click(), "/api/drafts", subject);
  await page.getByTestId("composer").waitFor({ state: "detached" });
}

const draft = (subject) => page.getByTestId("draft").filter({ hasText: subject });
const tick = (subject) =>
  page.getByTestId("row").filter({ hasText: subject }).getByTestId("row-select").check();
const counted = (n) =>
  soon(async () => {
    const shown = await page.getByTestId("draft-count").allInnerTexts();
    assert.deepEqual(shown, n === 0 ? [] : [String(n)]);
  });

await write("anna@outside.example", "The first heron");
await write("bert@outside.example", "The second heron");
await write("carl@outside.example", "An owl");
await counted(3);
ok("the number of drafts stands beside their mailbox");

await page.goto(`${base}/mail/drafts`);
await draft("An owl").waitFor();
await counted(3);
assert.equal(await page.getByTestId("draft").count(), 3);
await page.getByTestId("filter").fill("heron");
await soon(async () => assert.equal(await page.getByTestId("draft").count(), 2));
await page.getByTestId("filter").fill("carl@");
await soon(async () => assert.equal(await page.getByTestId("draft").count(), 1));
await page.getByTestId("filter").fill("");
await soon(async () => assert.equal(await page.getByTestId("draft").count(), 3));
ok("drafts are filtered by recipient and subject");

await tick("The first heron");
await tick("An owl");
await accessible(page, "ticked drafts");
assert.equal(await page.getByTestId("bulk-archive").count(), 0);
await page.getByTestId("bulk-delete").click();
await draft("An owl").waitFor({ state: "detached" });
await counted(1);
await page.getByTestId("toast-undo").click();
await draft("An owl").waitFor();
await counted(3);
await tick("The first heron");
await page.getByTestId("bulk-delete").click();
await draft("The first heron").waitFor({ state: "detached" });
await kept(page, () => page.getByTestId("toast-dismiss").click(), "/api/drafts/");
ok("several drafts are discarded at once, and brought back");

// By the keyboard: j and k move, # discards, z brings back, Enter opens.
await draft("An owl").focus();
await page.keyboard.press("j");
await page.locator("[data-testid=draft]:focus").filter({ hasText: "The second heron" }).waitFor();
await page.keyboard.press("#");
await draft("The second heron").waitFor({ state: "detached" });
await page.locator("[data-testid=draft]:focus").filter({ hasText: "An owl" }).waitFor();
await page.keyboard.press("z");
await draft("The second heron").waitFor();
await draft("The second heron").focus();
await page.keyboard.press("Enter");
await page.getByTestId("composer-subject").waitFor();
await soon(async () =>
  assert.equal(await page.getByTestId("composer-subject").inputValue(), "The second heron"),
);
await page.getByTestId("composer-close").click();
await page.getByTestId("composer").waitFor({ state: "detached" });
await page.reload();
await draft("The second heron").waitFor();
assert.equal(await page.getByTestId("draft").count(), 2);
ok("drafts are opened, discarded and brought back by the keyboard");

await browser.close();
assert.deepEqual(problems, []);
console.log("done");
