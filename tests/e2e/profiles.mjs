// Profiles: somebody says something, each field for others, and looks at how it is seen; another finds
// exactly that. By mouse and keyboard, at 320 px, in Hebrew. P-11, P-56
import assert from "node:assert/strict";
import {
  accessible,
  base,
  kept,
  launch,
  noSidewaysScroll,
  ok,
  person,
  picture,
  problems,
  reads,
  soon,
} from "./support.mjs";

const me = process.env.POSTERN_ADDRESS;
const other = me.replace("u1", "u2");
const browser = await launch();
const page = await person(browser, me.split("@")[0]);
const small = await person(browser, other.split("@")[0], {
  viewport: { width: 320, height: 640 },
  locale: "he-IL",
});

// By mouse: the office for one person, the hours for nobody, and how that person sees it.
await page.goto(`${base}/contacts`);
await page.getByTestId("contacts-more").click();
await page.getByTestId("contacts-me").click();
await page.getByTestId("profile-office").fill("Harbour 7");
await page.getByTestId("profile-for-office").selectOption("named");
const office = page.getByTestId("profile-field-office");
await office.getByTestId("reader-address").fill(other);
await office.getByTestId("reader-add").click();
await page.getByTestId("profile-hours").fill("Never on Mondays");
await accessible(page, "my profile");
await kept(
  page,
  () => page.getByTestId("profile-save").click(),
  "/api/profile",
);
await page.getByTestId("preview-address").fill(other);
await page.getByTestId("preview-show").click();
await reads(page.getByTestId("preview"), /Harbour 7/);
assert.ok(
  !(await page.getByTestId("preview").textContent()).includes("Mondays"),
);
await accessible(page, "how somebody sees my profile");
await picture(page, "profile");
ok("a profile is edited field by field, and looked at as somebody else");

// The other one finds that, and nothing else; with the keyboard, at 320 px, in Hebrew.
await small.goto(`${base}/contacts/people`);
await small.getByTestId("people-row").first().waitFor();
await accessible(small, "the directory in Hebrew at 320 px");
await noSidewaysScroll(small, "the directory at 320 px");
await small.getByTestId("people-search").focus();
await small.keyboard.type("mondays");
await soon(async () =>
  assert.equal(await small.getByTestId("people-row").count(), 0),
);
await small.keyboard.press("Control+A");
await small.keyboard.type("harbour");
await soon(async () =>
  assert.equal(await small.getByTestId("people-row").count(), 1),
);
await small.keyboard.press("Tab");
await small.keyboard.press("Enter");
await reads(small.getByTestId("said-office"), /Harbour 7/);
const said = await small.getByTestId("person").textContent();
assert.ok(!said.includes("Mondays"), said);
assert.ok(
  !new URL(small.url()).pathname.includes("u1"),
  "no address stands in an address",
);
await accessible(small, "a person in Hebrew at 320 px");
await noSidewaysScroll(small, "a person at 320 px");
await picture(small, "person");
await small.goto(`${base}/contacts/me`);
await small.getByTestId("profile-form").waitFor();
await accessible(small, "my profile in Hebrew at 320 px");
await noSidewaysScroll(small, "my profile at 320 px");
ok("another one finds what is for that one, and nothing else");

// Taken back: gone at the next look.
await page.getByTestId("profile-for-office").selectOption("nobody");
await kept(
  page,
  () => page.getByTestId("profile-save").click(),
  "/api/profile",
);
await small.goto(`${base}/contacts/people`);
await small.getByTestId("people-search").fill("harbour");
await soon(async () =>
  assert.equal(await small.getByTestId("people-row").count(), 0),
);
ok("what is taken back is gone");

// Another picture, for everybody: the old one goes before its readers change, and the new one comes last.
async function photo(colour) {
  const octets = await page.evaluate((fill) => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [40, 30];
    const drawing = canvas.getContext("2d");
    drawing.fillStyle = fill;
    drawing.fillRect(0, 0, 40, 30);
    return canvas.toDataURL("image/png").split(",")[1];
  }, colour);
  return {
    name: "me.png",
    mimeType: "image/png",
    buffer: Buffer.from(octets, "base64"),
  };
}
await page
  .getByTestId("profile-picture")
  .setInputFiles(await photo("rgb(200, 0, 0)"));
await page.getByTestId("profile-for-picture").selectOption("named");
const readers = page.getByTestId("profile-field-picture");
await readers.getByTestId("reader-address").fill(other);
await readers.getByTestId("reader-add").click();
await kept(
  page,
  () => page.getByTestId("profile-save").click(),
  "/api/profile/picture",
);
const steps = [];
page.on("request", (request) => {
  const { pathname } = new URL(request.url());
  const isChange = request.method() !== "GET";
  if (isChange && pathname.startsWith("/api/profile"))
    steps.push(`${request.method()} ${pathname}`);
});
await page
  .getByTestId("profile-picture")
  .setInputFiles(await photo("rgb(0, 0, 200)"));
await page.getByTestId("profile-for-picture").selectOption("everybody");
const last = page.waitForResponse(
  (answer) =>
    answer.request().method() === "PUT" && answer.url().endsWith("/picture"),
);
await page.getByTestId("profile-save").click();
assert.ok((await last).ok());
assert.deepEqual(steps, [
  "DELETE /api/profile/picture",
  "PUT /api/profile",
  "PUT /api/profile/picture",
]);
ok("the old picture goes before others may see it");

// From the composer: whom is offered leads to what that person says, and no address stands in the page's.
const writer = await person(browser, "u3");
await writer.getByTestId("compose-button").click();
await writer.getByTestId("composer-to").fill(me.split("@")[0]);
await writer.getByTestId("offered-profile").waitFor();
await accessible(writer, "a recipient who is offered");
// The keyboard: what was typed becomes a recipient, and the way to the profile stays.
await writer.getByTestId("composer-to").press("Enter");
await writer.getByTestId("chip").waitFor();
await writer.getByTestId("offered-profile").focus();
await writer.keyboard.press("Enter");
await reads(writer.getByTestId("person"), /User 1/);
assert.ok(!new URL(writer.url()).pathname.includes("u1"));
ok("the composer leads to the profile of somebody who is offered");

await browser.close();
assert.deepEqual(problems, []);
console.log("done");
