// Writing: what each recipient will get, links, files dropped anywhere on the page, and a composer
// that keeps its size.
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
await signIn(page, user);
const body = page.getByTestId("composer-body");
const chip = (address) => page.locator(`[data-testid=chip][data-address="${address}"]`);

/** Pastes or drops a file on an element, as the browser does. */
const give = (element, kind, name, type, base64) =>
  element.evaluate(
    (target, [kind, name, type, base64]) => {
      const octets = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([octets], name, { type }));
      const { left, top } = target.getBoundingClientRect();
      const at = { bubbles: true, cancelable: true, clientX: left + 30, clientY: top + 20 };
      const event =
        kind === "paste"
          ? new ClipboardEvent("paste", { ...at, clipboardData: data })
          : new DragEvent(kind, { ...at, dataTransfer: data });
      target.dispatchEvent(event);
      return event.defaultPrevented;
    },
    [kind, name, type, base64],
  );

// A file that is dropped where nobody writes does not make the page go away.
assert.ok(await give(page.locator("main"), "drop", "stray.txt", "text/plain", "eA=="));

await page.getByTestId("compose-button").click();
await body.waitFor();
const size = () => page.getByTestId("composer").boundingBox();
const before = await size();

// Colleagues are offered by their names, before anything was ever sent.
await page.getByTestId("composer-to").pressSequentially("User 4");
await page.locator(`datalist option[value="u4@${domain}"]`).waitFor({ state: "attached" });
await page.getByTestId("composer-to").fill("");
ok("colleagues are offered");

// Addresses that nobody has are named at once.
await page.getByTestId("composer-to").fill(`u2@${domain}`);
await page.keyboard.press("Enter");
await reads(chip(`u2@${domain}`), /Internal/);
for (const to of ["u3", "nobody", "noa@outside.example"]) {
  await page.getByTestId("composer-to").fill(to);
  await page.keyboard.press("Enter");
}
await reads(chip(`nobody@${domain}`), /Nobody has this address/);
await reads(page.getByTestId("composer-outcome"), /^At least one recipient will not get this message/);
await chip(`nobody@${domain}`).getByRole("button").click();
await reads(
  page.getByTestId("composer-outcome"),
  /noa@outside\.example\S* gets a notification.*u2@.*u3@.* read it here, inside your organisation\.$/,
);
assert.deepEqual(await size(), before, "the composer keeps its size");
await accessible(page, "recipients");
ok("a sentence says what each recipient will get");

// Links: typed, and by Ctrl+K.
await page.getByTestId("composer-subject").fill("Offer for the roof");
await body.click();
await page.keyboard.type("See https://x.example/roof, and the ");
await body.locator('a[href="https://x.example/roof"]').waitFor();
await page.keyboard.press("Control+k");
await page.getByTestId("link-address").fill("no address");
await page.keyboard.press("Enter");
await page.getByText("This is not a web or email address.").waitFor();
await page.getByTestId("link-address").fill("plan.example/a");
await accessible(page, "a link");
await page.keyboard.press("Enter");
await body.locator('a[href="https://plan.example/a"]').waitFor();
await page.locator("[data-testid=composer-body]:focus").waitFor();
await page.keyboard.press("Enter");
ok("links are typed, and made with Ctrl+K");

// A file that is dropped anywhere on the page is attached.
assert.ok(await give(page.locator("main"), "dragover", "plan.txt", "text/plain", "eA=="));
await page.getByTestId("composer-drop").waitFor();
assert.ok(await give(page.locator("main"), "drop", "plan.txt", "text/plain", "eA=="));
await page.getByTestId("composer-drop").waitFor({ state: "detached" });
await page.locator("[data-testid=composer-upload][data-state=done]").waitFor();
await reads(page.getByTestId("composer-upload"), /^plan\.txt/);
await reads(page.getByTestId("composer-saved"), /^Saved \d/);
await picture(page, "writing");
await accessible(page, "an attached file");
ok("a file dropped on the page is attached");

// Minimised, as large as the page, and back: with everything that was written.
await page.getByTestId("composer-minimise").click();
await body.waitFor({ state: "hidden" });
await reads(page.getByTestId("composer-title"), /^Offer for the roof$/);
await accessible(page, "a minimised message");
await page.getByTestId("composer-title").click();
await page.getByTestId("composer-full").click();
await soon(async () => assert.ok((await size()).width > before.width + 200));
await accessible(page, "a message as large as the page");
await page.getByTestId("composer-full").click();
await soon(async () => assert.deepEqual(await size(), before));
await body.locator('a[href="https://plan.example/a"]').waitFor();
ok("the composer is minimised, enlarged and restored");

// A picture that is pasted stands in the text, and one that is attached can be put there.
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR42mNQSFiABzGMSmNDAPCjcIFD5XWiAAAAAElFTkSuQmCC";
const seen = (where, count) =>
  soon(async () => {
    const widths = await where
      .locator("img:not(.ProseMirror-separator)")
      .evaluateAll((all) => all.map((one) => one.naturalWidth));
    assert.deepEqual(widths, Array(count).fill(10));
  });
await body.click();
await page.keyboard.press("Control+End");
assert.ok(await give(body, "paste", "heron.png", "image/png", PNG));
await seen(body, 1);
assert.ok(await give(page.locator("main"), "drop", "owl.png", "image/png", PNG));
const owl = page.getByTestId("composer-upload").filter({ hasText: "owl.png" });
await owl.getByTestId("composer-into-text").click();
await seen(body, 2);
await owl.waitFor({ state: "detached" });
assert.ok(await give(body, "drop", "duck.png", "image/png", PNG));
await seen(body, 3);
assert.equal(await page.getByTestId("composer-upload").count(), 1, "plan.txt is the only file");
await accessible(page, "pictures in the text");
await picture(page, "writing-pictures");
await reads(page.getByTestId("composer-saved"), /^Saved \d/);
await page.getByTestId("composer-close").click();
await page.getByTestId("composer").waitFor({ state: "detached" });
await page.reload();
await page.goto(`${base}/mail/drafts`);
await page.getByTestId("draft").first().click();
await seen(body, 3);
ok("pictures are pasted, dropped and put into the text, and still there in the draft");

// Without a subject, it is asked once.
await page.getByTestId("composer-subject").fill("");
await page.getByTestId("composer-send").click();
await page.getByTestId("forgot-dialog").waitFor();
await accessible(page, "no subject");
await page.getByTestId("forgot-back").click();
await page.getByTestId("composer-subject").fill("Offer for the roof");
await page.getByTestId("composer-send").click();
await page.getByTestId("composer").waitFor({ state: "detached" });
const other = await profile(browser, { viewport: { width: 1280, height: 800 } });
await signIn(other, "u2");
await other.getByTestId("row-link").first().click();
await other.getByTestId("open").click();
const frame = other.frameLocator("[data-testid=frame]");
await frame.locator('a[href="https://plan.example/a"]').waitFor();
await other.getByTestId("attachment").first().waitFor();
assert.equal(await other.getByTestId("attachment").count(), 1, "pictures of the text are no files");
await seen(frame.locator("body"), 3);
ok("the recipient gets the links, the file and the pictures");

await other.getByTestId("forward-button").click();
await seen(other.getByTestId("composer-body"), 3);
await other.getByTestId("composer-to").fill("u3");
await other.keyboard.press("Enter");
await other.getByTestId("composer-send").click();
await other.getByTestId("composer").waitFor({ state: "detached" });
ok("a forward keeps the pictures");

// The same on a phone, in Hebrew.
const phone = await profile(browser, {
  ...{ viewport: { width: 320, height: 640 }, hasTouch: true, locale: "he-IL" },
});
await signIn(phone, "u3");
await phone.getByTestId("row-link").first().click();
await phone.getByTestId("open").click();
await seen(phone.frameLocator("[data-testid=frame]").locator("body"), 3);
await phone.goto(`${base}/mail/inbox`);
await phone.getByTestId("compose-button").first().click();
await phone.getByTestId("composer-body").waitFor();
await phone.getByTestId("composer-to").fill("u2");
await phone.keyboard.press("Enter");
await noSidewaysScroll(phone, "writing on a phone, in Hebrew");
await accessible(phone, "writing on a phone, in Hebrew");
await phone.getByTestId("composer-minimise").click();
await accessible(phone, "a minimised message on a phone, in Hebrew");
ok("writing works on a phone, in Hebrew");

await browser.close();
assert.deepEqual(problems, []);
console.log("done");
