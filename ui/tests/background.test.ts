import { afterEach, expect, test, vi } from "vitest";
import { background } from "../src/lib/background.ts";

afterEach(() => vi.restoreAllMocks());

test("a failure in the background is logged to the developer tools only", async () => {
  const debug = vi.spyOn(console, "debug").mockImplementation(() => undefined);
  const error = new Error("no answer");
  await background("reading the labels", Promise.reject(error));
  expect(debug).toHaveBeenCalledExactlyOnceWith(
    "In the background, reading the labels failed:",
    error,
  );
});

test("a success in the background is not logged", async () => {
  const debug = vi.spyOn(console, "debug").mockImplementation(() => undefined);
  await background("reading the labels", Promise.resolve());
  expect(debug).not.toHaveBeenCalled();
});
