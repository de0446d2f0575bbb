// What a line of a chat carries while it is written, and what is kept of a recording.
import { beforeEach, expect, test, vi } from "vitest";
import { ApiError } from "../src/api/client.ts";
import * as api from "../src/api/sending.ts";
import { asked, Attaching, FILES_MAX } from "../src/views/chat/attaching.svelte.ts";
import { clockText } from "../src/views/chat/names.ts";
import { levelsOf, LEVELS_MAX } from "../src/views/chat/recorder.ts";

vi.mock("../src/api/sending.ts");

const upload = (id: string, size: number) => ({
  id,
  name: "x",
  type: "text/plain",
  size,
  received: 0,
  chunkOctets: 4,
});
const file = (name: string, size = 4) => new File(["x".repeat(size)], name);

beforeEach(() => {
  vi.resetAllMocks();
  let count = 0;
  vi.mocked(api.uploadNew).mockImplementation(async ({ size }) => upload(`u${count++}`, size));
  vi.mocked(api.uploadPut).mockImplementation(async (id, offset, octets) => ({
    ...upload(id, 4),
    received: offset + octets.size,
  }));
});

test("files are uploaded to the own account, whatever mailbox is shown", async () => {
  const attaching = new Attaching(() => 100);
  expect(attaching.attach([file("a"), file("b")])).toBe(true);
  expect(attaching.missing).toBe("going");
  await vi.waitFor(() => expect(attaching.missing).toBe(null));
  expect(vi.mocked(api.uploadNew).mock.calls.map(([, own]) => own)).toEqual([true, true]);
  expect(vi.mocked(api.uploadPut).mock.calls.map((call) => call[4])).toEqual([true, true]);
  await attaching.detach(attaching.files[0]?.key ?? -1);
  expect(api.uploadDelete).toHaveBeenCalledWith("u0", true);
  const taken = attaching.take();
  expect([asked(taken), attaching.all]).toEqual([[{ upload: "u1" }], []]);
  // What could not be sent stays before what was attached meanwhile.
  attaching.attach([file("c")]);
  attaching.back(taken);
  expect(attaching.files.map((one) => one.name)).toEqual(["b", "c"]);
});

test("what is too large or refused hinders the line, until it is removed", async () => {
  const attaching = new Attaching(() => 3);
  attaching.attach([file("a")]);
  expect([attaching.missing, vi.mocked(api.uploadNew).mock.calls.length]).toEqual(["broken", 0]);
  await attaching.detach(attaching.files[0]?.key ?? -1);
  expect(attaching.missing).toBe(null);
  const full = { type: "", title: "", status: 507 };
  vi.mocked(api.uploadNew).mockRejectedValue(new ApiError(full, null));
  attaching.attach([file("b", 1)]);
  await vi.waitFor(() => expect(attaching.files[0]?.state).toBe("failed"));
  expect(attaching.missing).toBe("broken");
});

test("what an earlier line took is uploaded anew or removed, before another line carries it", async () => {
  const attaching = new Attaching(() => 100);
  attaching.attach([file("a"), file("b"), file("c")]);
  await vi.waitFor(() => expect(attaching.missing).toBe(null));
  const taken = attaching.take();
  attaching.back(taken);
  const gone = new ApiError({ type: "", title: "", status: 404 }, null);
  vi.mocked(api.uploadRead).mockImplementation(async (id) => {
    if (id === "u0" || id === "u2") throw gone;
    return upload(id, 4);
  });
  await attaching.look();
  expect(attaching.files.map(({ state }) => state)).toEqual(["failed", "done", "failed"]);
  expect(attaching.missing).toBe("broken");
  attaching.retry(attaching.files[0]?.key ?? -1);
  await attaching.detach(attaching.files[2]?.key ?? -1);
  await vi.waitFor(() => expect(attaching.missing).toBe(null));
  expect(asked(attaching.all)).toEqual([{ upload: "u3" }, { upload: "u1" }]);
  expect(api.uploadDelete).not.toHaveBeenCalled();
  // What is not known stays as it is.
  vi.mocked(api.uploadRead).mockRejectedValue(new TypeError("Failed to fetch"));
  await expect(attaching.look()).rejects.toThrow();
  expect(attaching.missing).toBe(null);
});

test("a line has so many files, and one recording among them", async () => {
  const attaching = new Attaching(() => 100);
  const recording = { file: file("voice.webm"), lengthMs: 1_500, levels: [1, 2] };
  attaching.record(recording);
  expect(attaching.attach(Array.from({ length: FILES_MAX }, () => file("a")))).toBe(false);
  expect([attaching.all.length, attaching.files.length]).toEqual([FILES_MAX, FILES_MAX - 1]);
  await vi.waitFor(() => expect(attaching.missing).toBe(null));
  const [first] = asked(attaching.all);
  expect(first).toEqual({ upload: "u0", voice: { lengthMs: 1_500, levels: [1, 2] } });
});

test("of a recording the loudest moments of each part are kept", () => {
  expect(levelsOf([])).toEqual([]);
  expect(levelsOf([3, 1])).toEqual([3, 1]);
  const levels = levelsOf(Array.from({ length: 1_000 }, (_, at) => (at % 10 === 7 ? 200 : at % 7)));
  expect(levels).toHaveLength(LEVELS_MAX);
  expect(new Set(levels)).toEqual(new Set([200]));
  expect([0, 59.9, 60, 605].map(clockText)).toEqual(["0:00", "0:59", "1:00", "10:05"]);
});
