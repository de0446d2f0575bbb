import { afterEach, expect, test, vi } from "vitest";
import * as format from "../src/lib/format.ts";
import { mixedWord } from "../src/lib/scripts.ts";

const now = new Date(2026, 10, 23, 14, 0);
const at = (...parts: [number, number, number, number, number]) => new Date(...parts).toISOString();

test.each([
  [at(2026, 10, 23, 14, 0), "now"],
  [at(2026, 10, 23, 14, 2), "now"],
  [at(2026, 10, 23, 13, 55), "5 min ago"],
  [at(2026, 10, 23, 9, 5), "09:05"],
  [at(2026, 10, 22, 23, 59), "Sun"],
  [at(2026, 10, 17, 0, 0), "Tue"],
  [at(2026, 10, 16, 12, 0), "16 Nov"],
  [at(2025, 11, 31, 12, 0), "31/12/2025"],
  ["not a time", ""],
])("%s reads %s", (time, text) => {
  expect(format.timeShort(time, now, "en-GB", "now")).toBe(text);
});

afterEach(() => vi.unstubAllGlobals());

test.each([
  [["en-GB"], "en", "Fri, 4 Dec 2026, 18:00"],
  [["he-IL", "en-US"], "en", "Fri, Dec 4, 2026, 06:00 PM"],
  // Without a region nobody shall have to guess which number is the day.
  [["he-IL"], "en", "Fri, 4 Dec 2026, 18:00"],
  [["de-AT"], "de", "Fr., 4. Dez. 2026, 18:00"],
])("with the browser's languages %j, a full time in %s is %s", (languages, language, text) => {
  vi.stubGlobal("navigator", { languages });
  expect(format.timeFull("2026-12-04T18:00:00", language).replace(/\s/gu, " ")).toBe(text);
});

test.each([
  ["ar-SA", "ar"],
  ["ar-EG", "ar"],
  ["fa-IR", "fa"],
  ["th-TH", "th"],
  ["en-TH", "en"],
])(
  "in the region %s, dates have the year and the digits of everything else",
  (region, language) => {
    vi.stubGlobal("navigator", { languages: [region] });
    const full = format.timeFull("2026-12-04T18:00:00", language);
    expect(full).toMatch(/2026/);
    expect(full.replace(/[0-9]/g, "")).not.toMatch(/\p{Nd}/u);
    const at = new Date(2025, 11, 4).toISOString();
    expect(format.timeShort(at, now, language, "now")).toMatch(/2025/);
  },
);

test("the zone is told only if it is not the one of this computer", () => {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  const at = "2026-11-23T12:00:00Z";
  const zone = /GMT|UTC|\b[A-Z]{3,4}\b/;
  format.zoneUse(timeZone);
  expect(format.timeFull(at, "en-GB")).not.toMatch(zone);
  format.zoneUse("Asia/Jerusalem");
  expect(format.timeFull(at, "en-GB")).toMatch(zone);
  format.zoneUse(null);
  expect(format.timeFull(at, "en-GB")).not.toMatch(zone);
});

test("a time that cannot be read is shown as it came", () => {
  expect(format.timeFull("soon", "en")).toBe("soon");
});

test("the time of day follows the chosen time zone", () => {
  format.zoneUse("Asia/Jerusalem");
  expect(format.timeOfDay("2026-11-23T23:30:00Z", "en-GB")).toBe("01:30");
  format.zoneUse(null);
});

test.each([
  [0, "0 bytes"],
  [999, "999 bytes"],
  [1_000, "1 kB"],
  [2_400, "2.4 kB"],
  [482_113, "482 kB"],
  [999_600, "1 MB"],
  [12_300_000, "12 MB"],
  [5_000_000_000_000, "5,000 GB"],
])("%i octets read %s", (octets, text) => {
  expect(format.sizeText(octets, "en", "bytes")).toBe(text);
});

test("sizes have the units of the language", () => {
  expect(format.sizeText(2_400_000, "fr", "octets")).toMatch(/^2,4\sMo$/);
  expect(format.sizeText(2_400_000, "de", "Byte")).toMatch(/^2,4\sMB$/);
});

test.each([
  ["p\u0430ypal", "p\u0430ypal"],
  ["From g\u03bfogle@x.example", "g\u03bfogle"],
  ["Plain words", null],
  ["\u05d1Linux and \u05e9\u05dc\u05d5\u05dd", null],
  ["\u041f\u0440\u0438\u0432\u0435\u0442 world", null],
  ["caf\u00e9 e\u0301tude x2", null],
  ["", null],
])("%s mixes alphabets in %s", (text, word) => {
  expect(mixedWord(text)).toBe(word);
});

test.each([
  [0, "1 second"],
  [45, "45 seconds"],
  [90, "2 minutes"],
  [601, "11 minutes"],
])("a wait of %i s reads %s", (seconds, text) => {
  expect(format.waitText(seconds, "en")).toBe(text);
});

test("references are grouped in fours", () => {
  expect(format.referenceText("G7K2M4QXR9")).toBe("G7K2-M4QX-R9");
  expect(format.referenceText("G7K2-M4QX-R9")).toBe("G7K2-M4QX-R9");
});

test.each([
  [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36",
    "Chrome · Linux",
  ],
  ["Mozilla/5.0 (Windows NT 10.0) Chrome/156.0 Safari/537.36 Edg/156.0", "Edge · Windows"],
  ["Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Safari/604", "Safari · iPhone"],
  ["curl/8", "curl/8"],
])("%s is %s", (agent, text) => {
  expect(format.agentText(agent)).toBe(text);
});

test.each([
  ["Dana Levi", "DL"],
  ["יעל כהן", "יכ"],
  ["no-reply@ledger.example", "NR"],
  ["", ""],
])("%s has the initials %s", (name, messages) => {
  expect(format.initials(name)).toBe(messages);
});

test("a list of names follows the rules of the language", () => {
  expect(format.listText(["a", "b"], "en")).toBe("a, b");
  expect(format.listText(["a"], "en")).toBe("a");
  expect(format.listText(["a", "b"], "ar")).not.toContain(",");
});

test("times and days follow the chosen time zone", () => {
  const at = "2026-11-23T23:30:00Z";
  const now = new Date("2026-11-24T08:00:00Z");
  format.zoneUse("Asia/Jerusalem");
  expect(format.timeFull(at, "en")).toMatch(/24.*2026|2026.*24/);
  expect(format.timeShort(at, now, "en-GB", "now")).toBe("01:30");
  format.zoneUse("America/New_York");
  expect(format.timeShort(at, now, "en-GB", "now")).toBe("Mon");
  expect(format.zoneKnown("Mars/Olympus")).toBe(false);
  format.zoneUse(null);
});
