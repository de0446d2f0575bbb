import { afterEach, expect, test, vi } from "vitest";
import { background } from "../src/lib/background.ts";

afterEach(() => vi.restoreAllMocks());

test("what failed in the background is told to the developer tools, and to nobody else", async () => {
  const debug = vi.spyOn(console, "debug").mockImplementation(() => undefined);
  const error = new Error("no answer");
  await background("reading the labels", Promise.reject(error));
  expect(debug).toHaveBeenCalledExactlyOnceWith(
    "In the background, reading the labels failed:",
    error,
  );
});

test("what succeeded is not worth a word", async () => {
  const debug = vi.spyOn(console, "debug").mockImplementation(() => undefined);
  await background("reading the labels", Promise.resolve());
  expect(debug).not.toHaveBeenCalled();
});
