// Voice between Debian's Firefox and Chromium: each hears what was recorded in the other.
// P-72, P-73
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import {
  base,
  launch,
  LIMIT_MS,
  MICROPHONE,
  ok,
  password,
  problems,
  profile,
  signIn,
  soon,
  WIDE,
} from "./support.mjs";
import { firefox } from "./gecko.mjs";
import { listened } from "./heard.mjs";

const me = process.env.POSTERN_ADDRESS;
const other = me.replace("u1", "u2");
const chromium = await launch(MICROPHONE);
const near = await profile(chromium, { ...WIDE, permissions: ["microphone"] });
await signIn(near, me.split("@")[0]);

// A microphone with a tone, which is allowed; and sound may begin by itself.
const gecko = await firefox({
  "media.navigator.permission.disabled": true,
  "media.navigator.streams.fake": true,
  "media.autoplay.default": 0,
});
const far = await gecko.newPage();
far.setDefaultTimeout(LIMIT_MS);
const wrong = [];
far.on("pageerror", (error) => wrong.push(`page error: ${error.message}`));
const found = (testid, more = "") =>
  far.locator(`[data-testid="${testid}"]${more}`);
await far.goto(`${base}/`);
await found("sign-in-name").fill(other.split("@")[0]);
await found("sign-in-password").fill(password);
await found("sign-in-submit").click();
await found("tour-skip").click();
await far.waitForSelector("[data-testid=tour]", { hidden: true });

await near.goto(`${base}/chat`);
await near.getByTestId("begin-with").click();
await near.getByTestId("with-address").fill(other);
await near.getByTestId("with-submit").click();
await near.getByTestId("room-page").waitFor();
const room = new URL(near.url()).pathname.split("/")[2];
await far.goto(`${base}/chat/${room}`);
await found("voice-record").wait();

const heard = (what) => {
  assert.ok(what.at >= 0.5 && what.loudest > 0.01, JSON.stringify(what));
};

// From Firefox to Chromium.
await found("voice-record").click();
await found("voice-going").wait();
await pause(2_500);
await found("voice-stop").click();
await found("voice-recorded", "[data-state=done]").wait();
await found("room-say").click();
const player = near.getByTestId("lines").getByTestId("voice-player");
await player.last().waitFor();
await player.last().getByTestId("voice-play").click();
heard(await near.evaluate(listened, 0.5));
ok("Chromium plays what Firefox recorded");

// From Chromium to Firefox.
await near.getByTestId("voice-record").click();
await near.getByTestId("voice-going").waitFor();
await pause(2_500);
await near.getByTestId("voice-stop").click();
await near.locator("[data-testid=voice-recorded][data-state=done]").waitFor();
await near.getByTestId("room-say").click();
await soon(async () =>
  assert.equal(
    (await far.$$("[data-testid=lines] [data-testid=voice-player]")).length,
    2,
  ),
);
// Without a loudspeaker Firefox gives no samples of what it plays: what it was given to play is decoded
// by it once more.
await far.evaluate(() => {
  const make = URL.createObjectURL.bind(URL);
  URL.createObjectURL = (blob) => {
    globalThis.played = blob;
    return make(blob);
  };
});
const buttons = await far.$$("[data-testid=lines] [data-testid=voice-play]");
await buttons.at(-1).click();
await far.waitForFunction(() => {
  const players = document.querySelectorAll("[data-testid=lines] audio");
  const audio = players[players.length - 1];
  return audio.currentTime >= 0.5 || audio.ended;
});
heard(
  await far.evaluate(async () => {
    const players = document.querySelectorAll("[data-testid=lines] audio");
    const at = players[players.length - 1].currentTime;
    const context = new OfflineAudioContext(1, 48_000, 48_000);
    const sound = await context.decodeAudioData(
      await globalThis.played.arrayBuffer(),
    );
    const loud = (most, one) => Math.max(most, Math.abs(one));
    return { at, loudest: sound.getChannelData(0).reduce(loud, 0) };
  }),
);
ok("Firefox plays what Chromium recorded");

await gecko.close();
await chromium.close();
assert.deepEqual([...problems, ...wrong], []);
console.log("done");
