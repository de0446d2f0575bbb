// Voice and files in chat: recorded with the microphone, heard before and after they are sent, saved, left out,
// and taken along; by mouse, by the keyboard alone, at 320 px in Hebrew, without a microphone, and in a browser
// that cannot play what was recorded.
// P-11, P-67, P-69, P-71, P-72, P-73
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import {
  accessible,
  base,
  launch,
  MICROPHONE,
  noSidewaysScroll,
  ok,
  picture,
  problems,
  profile,
  reads,
  signIn,
  soon,
  WIDE,
} from "./support.mjs";
import { listened } from "./heard.mjs";

const me = process.env.POSTERN_ADDRESS;
const [other, third] = [me.replace("u1", "u2"), me.replace("u1", "u3")];
const browser = await launch(MICROPHONE);
const permissions = ["microphone"];
const page = await profile(browser, { ...WIDE, permissions });
await signIn(page, me.split("@")[0]);
const small = await profile(browser, {
  viewport: { width: 320, height: 640 },
  locale: "he-IL",
  permissions,
});
await signIn(small, other.split("@")[0]);
// Nobody allows the microphone here, and the browser plays nothing of what is recorded.
const far = await profile(browser, { ...WIDE, permissions: [] });
await far.addInitScript(
  () => (HTMLMediaElement.prototype.canPlayType = () => ""),
);
await signIn(far, third.split("@")[0]);

const lines = (where) => where.getByTestId("lines");
const players = (where) => lines(where).getByTestId("voice-player");
const files = (where) => lines(where).getByTestId("line-file");

/** Records for about so long. */
async function records(where, ms) {
  await where.getByTestId("voice-record").click();
  await where.getByTestId("voice-going").waitFor();
  await pause(ms);
  await where.getByTestId("voice-stop").click();
  await where
    .locator("[data-testid=voice-recorded][data-state=done]")
    .waitFor();
}

/** Plays the last recording, and makes sure that something is heard. */
async function hears(where, secs) {
  await players(where).last().getByTestId("voice-play").click();
  const heard = await where.evaluate(listened, secs);
  assert.ok(heard.at >= secs, `it went on: ${JSON.stringify(heard)}`);
  assert.ok(heard.loudest > 0.01, `it is not silent: ${JSON.stringify(heard)}`);
  return heard;
}

// A room; one person is admitted, another one refused.
await page.getByTestId("place-chat").click();
await page.getByTestId("begin-room").click();
await page.getByTestId("room-name").fill("Plans for spring");
await page.getByTestId("room-new-submit").click();
await page.getByTestId("room-page").waitFor();
const room = new URL(page.url()).pathname.split("/")[2];
for (const [where, verdict] of [
  [small, "admit"],
  [far, "refuse"],
]) {
  await where.goto(`${base}/chat`);
  await where.getByTestId("begin-ask").click();
  await where.getByTestId("ask-number").fill(room);
  await where.getByTestId("ask-submit").click();
  await where.getByTestId("asked-state").waitFor();
  await page.getByTestId(verdict).click();
}
await small.getByTestId("room").click();
await reads(far.getByTestId("asked-state"), /refused/);
await far.goto(`${base}/chat/${room}`);
await reads(far.getByTestId("empty").last(), /not there/);
ok("one is admitted, another one refused");

// The document was loaded as the page of mail, which may not use the microphone.
await page.getByTestId("voice-record").click();
await reads(page.getByTestId("voice-problem"), /load this page again/);
await accessible(page, "a page that has to be loaded again");
const kept = page.url();
await page.getByTestId("voice-reload").click();
await page.getByTestId("voice-problem").waitFor({ state: "hidden" });
assert.equal(page.url(), kept);
ok("the microphone is for the page of chat, and the way there is one click");

// Recorded, thrown away, recorded again, heard, and sent.
await page.getByTestId("voice-record").click();
await page.getByTestId("voice-going").waitFor();
await reads(page.getByTestId("voice-time"), /0:01/);
await accessible(page, "while something is recorded");
// Who changes a line meanwhile still sees that the microphone is on, and stops it there.
await page.getByTestId("voice-cancel").click();
await page.getByTestId("room-text").fill("To be changed");
await page.getByTestId("room-say").click();
await reads(lines(page).getByTestId("line-text").last(), /To be changed/);
await page.getByTestId("voice-record").click();
await page.getByTestId("voice-going").waitFor();
await page.getByTestId("line-more").last().click();
await page.getByTestId("line-edit").last().click();
await page.getByTestId("voice-stop").waitFor();
await page.getByTestId("attach-files").waitFor({ state: "detached" });
await page.getByTestId("voice-cancel").click();
await page.getByTestId("room-text").press("Escape");
await page.getByTestId("attach-files").waitFor();
assert.equal(await page.getByTestId("voice-recorded").count(), 0);
await records(page, 3_000);
await accessible(page, "a recording before it is sent");
await picture(page, "voice");
await page.getByTestId("voice-recorded").getByTestId("voice-play").click();
await soon(async () => {
  const at = await page.evaluate(
    () =>
      document.querySelector("[data-testid=voice-recorded] audio").currentTime,
  );
  assert.ok(at > 0.5, `${at}`);
});
await page.getByTestId("room-text").fill("Listen to this");
await page.getByTestId("room-say").click();
await reads(lines(page).getByTestId("line-text").last(), /Listen/);
assert.equal(await page.getByTestId("voice-recorded").count(), 0);
await hears(page, 1.5);
ok("something is recorded, heard, and sent with a text");

// On the phone, in Hebrew: it is heard, at another speed, and answered.
await players(small).last().waitFor();
const heard = await hears(small, 1.5);
assert.ok(heard.length > 1.5 && heard.length < 60, `${heard.length}`);
await players(small).last().getByTestId("voice-speed").click();
await soon(async () => {
  const rate = await small.evaluate(
    () => document.querySelector("audio").playbackRate,
  );
  assert.equal(rate, 1.5);
});
await accessible(small, "a recording in Hebrew at 320 px");
await picture(small, "voice-hebrew-phone");
await noSidewaysScroll(small, "a recording at 320 px");
await records(small, 1_500);
await noSidewaysScroll(small, "a recording before it is sent, at 320 px");
await small.getByTestId("room-say").click();
await soon(async () => assert.equal(await players(page).count(), 2));
await hears(page, 0.5);
ok("it is heard on a phone, and answered by voice alone");

// By the keyboard alone: recorded, heard, moved in, and sent.
await page.getByTestId("voice-record").focus();
await page.keyboard.press("Enter");
await page.getByTestId("voice-going").waitFor();
await pause(2_000);
await page.keyboard.press("Enter");
await page.locator("[data-testid=voice-recorded][data-state=done]").waitFor();
await page.keyboard.press("Enter");
await soon(async () => {
  const label = await page.evaluate(() =>
    document.activeElement.getAttribute("aria-label"),
  );
  assert.equal(label, "Pause");
});
await page.keyboard.press("Enter");
await page.keyboard.press("Tab");
await page.keyboard.press("Home");
for (let step = 0; step < 8; step += 1) await page.keyboard.press("ArrowRight");
await soon(async () => {
  const at = await page.evaluate(
    () =>
      document.querySelector("[data-testid=voice-recorded] audio").currentTime,
  );
  assert.ok(at > 0.6 && at < 1.2, `the place in the recording: ${at}`);
});
await page.getByTestId("room-text").focus();
await page.keyboard.press("Enter");
await soon(async () => assert.equal(await players(small).count(), 3));
ok("voice is said and heard by the keyboard alone");

// Files: chosen, one taken back, dropped, pasted; sent without a word; saved octet for octet.
const plan = Buffer.from(Array.from({ length: 300_000 }, (_, at) => at % 251));
await page.getByTestId("attach-picker").setInputFiles([
  { name: "plan.bin", mimeType: "application/octet-stream", buffer: plan },
  { name: "wrong.txt", mimeType: "text/plain", buffer: Buffer.from("wrong") },
]);
const uploads = page.getByTestId("composer-upload");
await soon(async () => assert.equal(await uploads.count(), 2));
await uploads.filter({ hasText: "wrong.txt" }).getByRole("button").click();
await page.evaluate(() => {
  const given = (name) => {
    const data = new DataTransfer();
    data.items.add(new File([`in ${name}`], name, { type: "text/plain" }));
    return data;
  };
  const text = document.querySelector("[data-testid=room-text]");
  const dropped = {
    dataTransfer: given("dropped.txt"),
    bubbles: true,
    cancelable: true,
  };
  text.dispatchEvent(new DragEvent("drop", dropped));
  const pasted = {
    clipboardData: given("pasted.txt"),
    bubbles: true,
    cancelable: true,
  };
  text.dispatchEvent(new ClipboardEvent("paste", pasted));
});
await soon(async () => {
  const states = await uploads.evaluateAll((all) =>
    all.map((one) => one.dataset.state),
  );
  assert.deepEqual(states, ["done", "done", "done"]);
});
await accessible(page, "files before they are sent");
await page.getByTestId("room-say").click();
await soon(async () => {
  const names = await files(small).allInnerTexts();
  for (const name of ["plan.bin", "dropped.txt", "pasted.txt"])
    assert.ok(
      names.some((one) => one.includes(name)),
      `${name}: ${names}`,
    );
  assert.ok(!names.some((one) => one.includes("wrong.txt")), `${names}`);
});
const saving = small.waitForEvent("download");
await files(small).filter({ hasText: "plan.bin" }).click();
const saved = await saving;
assert.equal(saved.suggestedFilename(), "plan.bin");
assert.ok(plan.equals(readFileSync(await saved.path())));
await noSidewaysScroll(small, "files at 320 px");
await accessible(small, "files in Hebrew at 320 px");
ok("files are attached, dropped, pasted, sent and saved");

// Without a microphone, and where the browser cannot play it, what is written works, and files are saved.
await far.goto(`${base}/chat`);
await far.getByTestId("begin-with").click();
await far.getByTestId("with-address").fill(me);
await far.getByTestId("with-submit").click();
await far.getByTestId("voice-record").click();
await reads(far.getByTestId("voice-problem"), /may not use the microphone/);
await accessible(far, "the microphone is refused");
await far.getByTestId("room-text").fill("In writing, then");
await far.getByTestId("room-say").click();
await reads(lines(far).getByTestId("line-text").last(), /In writing/);
await page.getByTestId("rooms").getByText("User 3").click();
await reads(lines(page).getByTestId("line-text").last(), /In writing/);
await records(page, 1_000);
await page.getByTestId("room-say").click();
await reads(far.getByTestId("voice-cannot"), /cannot play/);
const kindly = far.waitForEvent("download");
await files(far).last().click();
assert.match((await kindly).suggestedFilename(), /^voice\.(webm|ogg|m4a)$/);
await accessible(far, "a recording that cannot be played here");
ok("without a microphone, text works; what cannot be played is saved");

// Leaving: the transcript has the recordings and the files.
await small.getByTestId("room-more").click();
await small.getByTestId("room-leave").click();
await small.getByTestId("leave-transcript").click();
await small.getByTestId("begin-ask").waitFor();
await small.goto(`${base}/mail/inbox`);
await small.getByTestId("row").first().click();
await soon(async () => {
  const names = (await small.getByTestId("attachment").allInnerTexts()).join(
    "\n",
  );
  for (const name of ["plan.bin", "dropped.txt", "pasted.txt"])
    assert.ok(names.includes(name), `${name}: ${names}`);
  assert.equal(names.match(/voice\.(webm|ogg|m4a)/g)?.length, 3, names);
});
await accessible(small, "a transcript with recordings");
ok("who leaves takes voice and files along");

await browser.close();
assert.deepEqual(problems, []);
console.log("done");
