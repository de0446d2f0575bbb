// Newsletters as they are, and as the webmail shows them: which words can be read. The folders are
// given on the command line; nothing is loaded from anywhere.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { OPTIONS } from "./options.mjs";

/** What large text needs to be read (WCAG 2.2, 1.4.3). */
const CONTRAST_MIN = 3;

/** Returns each visible word with its contrast; 99 over an image, whose colours are not known. */
function words() {
  // Chromium converts every colour, such as `oklch()`, when it paints.
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const number = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, alpha / 255];
  };
  const over = ([r, g, b, alpha], [x, y, z]) =>
    [[r, x], [g, y], [b, z]].map(([top, under]) => alpha * top + (1 - alpha) * under);
  const channel = (of) => (of / 255 <= 0.03928 ? of / 255 / 12.92 : ((of / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = (element) => {
    const veils = [];
    for (let at = element; at !== null; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== "none") return null;
      const colour = number(style.backgroundColor);
      veils.push(colour);
      if (colour[3] === 1) break;
    }
    return veils.reduceRight((under, veil) => over(veil, under), [255, 255, 255]);
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    if (element.closest("style, script, title")) continue;
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const under = ground(element);
    const below = under ?? [0, 0, 0];
    const [a, b] = [light(over(number(getComputedStyle(element).color), below)), light(below)];
    const contrast = under ? (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) : 99;
    for (const word of node.data.split(/\s+/)) if (word) found.push({ word, contrast });
  }
  return found;
}

const [raw, shown] = process.argv.slice(2);
const browser = await chromium.launch(OPTIONS);
const page = await browser.newPage({ javaScriptEnabled: true });
await page.route(/^https?:/, (route) => route.abort());
const read = async (folder, name) => {
  await page.setContent(readFileSync(join(folder, name), "utf8"));
  return page.evaluate(words);
};
const problems = [];
for (const name of readdirSync(raw).sort()) {
  const [before, after] = [await read(raw, name), await read(shown, name)];
  assert.ok(before.length > 0, name);
  const seen = new Map();
  for (const { word, contrast } of before) {
    // The same word may stand in several places, each of which is compared with its own.
    const at = seen.get(word) ?? 0;
    seen.set(word, at + 1);
    const ours = after.filter((one) => one.word === word)[at]?.contrast ?? 0;
    if (contrast >= CONTRAST_MIN && ours < CONTRAST_MIN)
      problems.push(`${name}: "${word}" has ${ours.toFixed(1)} instead of ${contrast.toFixed(1)}`);
  }
  // What is hidden stays hidden.
  const count = (words, word) => words.filter((one) => one.word === word).length;
  for (const word of new Set(after.map((one) => one.word)))
    if (count(after, word) > count(before, word)) problems.push(`${name}: "${word}" shows up`);
}
await browser.close();
assert.deepEqual(problems, []);
console.log("done");
