import { expect, test } from "vitest";
import { imagesMissing } from "../src/lib/images.ts";

/** An image as the browser has it after the frame has loaded. */
function image(address: string, naturalWidth: number): HTMLImageElement {
  const made = document.createElement("img");
  made.setAttribute("src", address);
  Object.defineProperty(made, "complete", { value: true });
  Object.defineProperty(made, "naturalWidth", { value: naturalWidth });
  return made;
}

test("images that were asked for and are not there are counted", () => {
  const page = document.implementation.createHTMLDocument();
  page.body.append(image("/m/T/from/A", 0), image("/m/T/from/B", 40), image("/m/T/cid/2", 0));
  expect(imagesMissing(page)).toBe(1);
  // Beyond the most that are fetched for one message.
  const beyond = page.createElement("img");
  beyond.setAttribute("data-remote", "pictures.example");
  page.body.append(beyond);
  expect(imagesMissing(page)).toBe(2);
});
