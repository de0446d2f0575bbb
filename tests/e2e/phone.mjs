// A phone: what is needed often is in one row, the rest is in a menu with names. P-11
import assert from "node:assert/strict";
import {
  accessible,
  base,
  deliver,
  launch,
  message,
  noSidewaysScroll,
  ok,
  picture,
  problems,
  profile,
  signIn,
  soon,
} from "./support.mjs";

const me = process.env.POSTERN_ADDRESS;
const reference = await deliver(me, message("Birds", "By the pond stood a heron."));
const browser = await launch();

/** The tools of the message stand in one row, none of them cut off. */
function inOneRow(page, name) {
  return soon(async () => {
    const tools = await page
      .locator("[role=toolbar] button")
      .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().toJSON()));
    assert.ok(tools.length >= 4, `${name}: ${tools.length} tools`);
    assert.equal(new Set(tools.map(({ top }) => Math.round(top))).size, 1, `${name}: rows`);
    const width = await page.evaluate(() => document.documentElement.clientWidth);
    for (const { left, right } of tools) assert.ok(left >= 0 && right <= width, name);
  });
}

/** The names below the icons of the rail are whole words. */
function whole(page, name) {
  return soon(async () => {
    const cut = await page
      .locator("nav .name")
      .evaluateAll((all) =>
        all
          .filter((one) => one.checkVisibility() && one.scrollWidth > one.clientWidth)
          .map((one) => one.textContent),
      );
    assert.deepEqual(cut, [], name);
  });
}

/** What stands above the list ends where the page does. */
function within(page, name) {
  return soon(async () => {
    for (const what of ["filter", "list-count"]) {
      const { x, width } = await page.getByTestId(what).boundingBox();
      assert.ok(x >= 0 && x + width <= 320, `${name}: ${what} from ${x} to ${x + width}`);
    }
  });
}

async function walk(locale) {
  const name = `phone, ${locale}`;
  const page = await profile(browser, {
    viewport: { width: 320, height: 640 },
    hasTouch: true,
    isMobile: true,
    locale,
  });
  await signIn(page, me.split("@")[0]);
  await whole(page, name);
  await within(page, name);
  for (const what of ["place-mail", "place-search", "compose-button", "place-drafts", "rail-more"])
    await page.getByTestId(what).waitFor();
  await page.goto(`${base}/mail/inbox/${reference}`);
  // The first of the walks opens the message; in the others it is open.
  await page.getByTestId("open").or(page.getByTestId("text")).first().waitFor();
  if (await page.getByTestId("open").isVisible()) await page.getByTestId("open").click();
  await page.getByTestId("text").first().waitFor();
  await inOneRow(page, name);
  await page.getByTestId("reader-more").click();
  for (const what of ["move-open", "label-open", "star", "forward-button", "source", "print"])
    await page.getByTestId(what).waitFor();
  await accessible(page, `${name}: the menu of a message`);
  await noSidewaysScroll(page, `${name}: the menu of a message`);
  await picture(page, `message-menu-${locale}`);
  await page.keyboard.press("Escape");
  await page.getByTestId("source").waitFor({ state: "detached" });
  await page.locator("[data-testid=reader-more]:focus").waitFor();
  await page.getByTestId("reader-more").click();
  await page.getByTestId("star").click();
  await page.getByTestId("star").waitFor({ state: "detached" });

  // From a message, Search leads to the list and its field.
  await page.getByTestId("place-search").click();
  await page.locator("[data-testid=filter]:focus").waitFor();
  await page.getByTestId("place-drafts").click();
  await page.waitForURL("**/mail/drafts");
  await page.locator("[data-testid=place-drafts][aria-current=page]").waitFor();
  await page.getByTestId("rail-more").click();
  for (const what of ["place-sessions", "place-about", "sign-out"])
    await page.getByTestId(what).waitFor();
  await accessible(page, `${name}: the menu of places`);
  await noSidewaysScroll(page, `${name}: the menu of places`);
  await picture(page, `places-menu-${locale}`);
  await page.getByTestId("place-settings").click();
  await page.waitForURL("**/settings");

  // What is written has the whole page.
  await page.getByTestId("compose-button").click();
  await page.getByTestId("composer-body").waitFor();
  await soon(async () => {
    const at = await page.getByTestId("composer").boundingBox();
    assert.deepEqual(at, { x: 0, y: 0, width: 320, height: 640 });
  });
  await page.getByTestId("composer-close").click();
  await page.getByTestId("composer").waitFor({ state: "detached" });
  await page.getByTestId("rail-more").click();
  await page.getByTestId("sign-out").click();
  await page.getByTestId("sign-in-name").waitFor();
  await page.context().close();
  ok(name);
}

for (const locale of ["en-US", "de-DE", "es-ES", "fr-FR", "he-IL", "ar"]) await walk(locale);
await browser.close();
assert.deepEqual(problems, []);
console.log("done");
