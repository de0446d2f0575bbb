import { expect, test } from "vitest";
import { en } from "../src/i18n/en.ts";
import { quotaNearest } from "../src/lib/quota.ts";
import { quotaLike } from "./fixtures.ts";

const nearest = (given: Parameters<typeof quotaLike>[0]) =>
  quotaNearest(quotaLike(given), "en", en);

test("the storage is shown, or the messages once they are what fills the account", () => {
  expect(nearest({ octets: 1_200_000_000, messages: 20 })).toEqual({
    part: 0.12,
    text: "1.2 GB of 10 GB used",
  });
  expect(nearest({ octets: 0, messages: 2 }).text).toBe("0 bytes of 10 GB used");
  const filling = { messages: 180_000, fullness: "filling" } as const;
  expect(nearest({ octets: 1_200_000_000, ...filling })).toEqual({
    part: 0.9,
    text: "180,000 of 200,000 messages",
  });
});

test("more than the limit is a full bar", () => {
  expect(nearest({ octets: 12_000_000_000 }).part).toBe(1);
});

test("without a limit there is no bar", () => {
  const unlimited = { octetsMax: null, messagesMax: null };
  expect(nearest({ ...unlimited, octets: 5_000_000 })).toEqual({ part: null, text: "5 MB used" });
  expect(nearest({ octetsMax: null, messages: 100_000 }).text).toBe("100,000 of 200,000 messages");
});
