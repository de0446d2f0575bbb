import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ApiError, bind, request, Unreachable } from "../src/api/client.ts";
import { keyPairNew, type KeyPair } from "../src/api/dpop.ts";

let key: KeyPair;
let signInAgain: () => Promise<boolean>;
let served = 0;
const sent: Request[] = [];

function answer(...responses: (Response | Error)[]) {
  vi.stubGlobal("fetch", async (url: URL, init: RequestInit) => {
    sent.push(new Request(url, { ...init, signal: null }));
    const next = responses.shift();
    if (next === undefined) throw new Error("one request too many");
    if (next instanceof Error) throw next;
    return next;
  });
}

const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify({ type: "about:blank", title: code, status, code, errorId: "E-1" }), {
    status,
    headers: { "Content-Type": "application/problem+json", ...headers },
  });
const iatOf = (at: number) => {
  const claims = sent[at]?.headers.get("DPoP")?.split(".")[1] ?? "";
  return (JSON.parse(Buffer.from(claims, "base64url").toString()) as { iat: number }).iat;
};

beforeEach(async () => {
  sent.length = 0;
  key = await keyPairNew();
  signInAgain = () => Promise.resolve(false);
  bind({
    signer: () => ({ token: "tok", key }),
    signedOut: () => signInAgain(),
    served: () => (served += 1),
    reached: () => undefined,
  });
});
afterEach(() => vi.unstubAllGlobals());

test("every request carries token and proof, and never a cookie", async () => {
  answer(Response.json({ ok: 1 }));
  await request("GET", "/api/mailboxes");
  expect(sent[0]?.headers.get("Authorization")).toBe("DPoP tok");
  expect(sent[0]?.headers.get("DPoP")).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  expect(sent[0]?.credentials).toBe("omit");
});

test("an answer without a body is a success, whatever its status is", async () => {
  answer(new Response(null, { status: 202 }), new Response(null, { status: 204 }));
  expect(await request("POST", "/api/temporary/t1/resend")).toBeUndefined();
  expect(await request("DELETE", "/api/session")).toBeUndefined();
});

test("after a stale proof, the request adopts the server's clock and is retried once", async () => {
  const server = new Date(Date.now() + 3_600_000);
  answer(problem(401, "stale-proof", { Date: server.toUTCString() }), Response.json({}));
  await request("GET", "/api/mailboxes");
  expect(sent).toHaveLength(2);
  expect(Math.abs(iatOf(1) - server.getTime() / 1000)).toBeLessThan(5);
});

test("a second stale proof is an error, not a loop", async () => {
  const Date_ = new Date().toUTCString();
  answer(
    problem(401, "stale-proof", { Date: Date_ }),
    problem(401, "stale-proof", { Date: Date_ }),
  );
  await expect(request("GET", "/api/mailboxes")).rejects.toMatchObject({ code: "stale-proof" });
  expect(sent).toHaveLength(2);
});

test("only a signed request that was carried out counts as a use of the session", async () => {
  served = 0;
  answer(Response.json({}), Response.json({}), problem(403, "denied"));
  await request("GET", "/api/mailboxes");
  await request("GET", "/api/brand", { open: true });
  await request("GET", "/api/mailboxes").catch(() => undefined);
  expect(served).toBe(1);
});

test("a request that got a 401 continues after a new sign-in", async () => {
  signInAgain = () => Promise.resolve(true);
  answer(problem(401, "signed-out"), Response.json({ kept: true }));
  expect(await request("POST", "/api/mailboxes", { body: { name: "x" } })).toEqual({ kept: true });
  expect(await sent[1]?.json()).toEqual({ name: "x" });
});

test("a refusal carries its code, its error ID and how long to wait", async () => {
  answer(problem(429, "slow-down", { "Retry-After": "45" }));
  const error = await request("GET", "/api/mailboxes").catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ code: "slow-down", errorId: "E-1", retryAfterSecs: 45 });
});

test("a missing answer differs from a refusal", async () => {
  answer(new TypeError("network"));
  await expect(request("GET", "/api/mailboxes")).rejects.toBeInstanceOf(Unreachable);
});

test("a failure that is not JSON is still an error with its status", async () => {
  answer(new Response("<html>", { status: 502, headers: { "Content-Type": "text/html" } }));
  await expect(request("GET", "/api/mailboxes")).rejects.toMatchObject({ status: 502 });
});
