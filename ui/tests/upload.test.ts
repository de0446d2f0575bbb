/** P-37: attachments are uploaded in chunks, and resume at the offset that the server reports. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ApiError, Unreachable } from "../src/api/client.ts";
import * as api from "../src/api/sending.ts";
import { uploadFile } from "../src/lib/upload.ts";
import { problemLike } from "./fixtures.ts";

vi.mock("../src/api/sending.ts");

const file = new File(["abcdefghij"], "a.txt", { type: "text/plain" });
const at = (received: number): api.Upload => {
  return { id: "u1", name: "a.txt", type: "text/plain", size: 10, received, chunkOctets: 4 };
};
const wrongOffset = new ApiError(problemLike(409, "wrong-offset"), null);
const offsets = () => vi.mocked(api.uploadPut).mock.calls.map(([, offset]) => offset);
const signal = () => new AbortController().signal;

let seen: number[];
const waits: number[] = [];
const hooks = {
  moved: ({ received }: api.Upload) => void seen.push(received),
  pause: async (ms: number) => void waits.push(ms),
};

beforeEach(() => {
  seen = [];
  waits.length = 0;
  vi.mocked(api.uploadNew).mockResolvedValue(at(0));
  vi.mocked(api.uploadPut).mockImplementation(async (_, offset, octets) =>
    at(offset + octets.size),
  );
});
afterEach(() => vi.resetAllMocks());

test("a file is uploaded chunk by chunk, with progress", async () => {
  await uploadFile(file, hooks, signal());
  expect(offsets()).toEqual([0, 4, 8]);
  expect(seen).toEqual([0, 4, 8, 10]);
});

test("after a lost answer, the upload resumes at the server's offset", async () => {
  vi.mocked(api.uploadPut).mockRejectedValueOnce(new Unreachable());
  vi.mocked(api.uploadRead).mockResolvedValue(at(4));
  await uploadFile(file, hooks, signal());
  expect(offsets()).toEqual([0, 4, 8]);
  expect(waits).toHaveLength(1);
});

test("a wrong offset is corrected at once", async () => {
  vi.mocked(api.uploadPut).mockRejectedValueOnce(wrongOffset);
  vi.mocked(api.uploadRead).mockResolvedValue(at(8));
  await uploadFile(file, hooks, signal());
  expect(offsets()).toEqual([0, 8]);
  expect(waits).toEqual([]);
});

test("the upload is retried with growing delays, and finally given up", async () => {
  vi.mocked(api.uploadPut).mockRejectedValue(new Unreachable());
  vi.mocked(api.uploadRead).mockRejectedValue(new Unreachable());
  await expect(uploadFile(file, hooks, signal())).rejects.toBeInstanceOf(Unreachable);
  expect(waits).toEqual([...waits].sort((a, b) => a - b));
  expect(waits).toHaveLength(5);
});

test("a refused upload is not retried", async () => {
  const refused = new ApiError(problemLike(413, "too-large"), null);
  vi.mocked(api.uploadPut).mockRejectedValue(refused);
  await expect(uploadFile(file, hooks, signal())).rejects.toBe(refused);
  expect(api.uploadPut).toHaveBeenCalledTimes(1);
});

test("an empty file is complete as soon as it is announced", async () => {
  vi.mocked(api.uploadNew).mockResolvedValue({ ...at(0), size: 0 });
  await uploadFile(new File([], "empty"), hooks, signal());
  expect(api.uploadPut).not.toHaveBeenCalled();
});

test("an upload stops if its file is removed", async () => {
  const stop = new AbortController();
  vi.mocked(api.uploadPut).mockImplementation(async (_, offset, octets) => {
    stop.abort();
    return at(offset + octets.size);
  });
  await expect(uploadFile(file, hooks, stop.signal)).rejects.toThrow();
  expect(offsets()).toEqual([0]);
});
