import { expect, test } from "vitest";
import { base64url, htu, jtiNew, keyPairNew, proof } from "../src/api/dpop.ts";

const decode = (part: string) => Buffer.from(part, "base64url");
const claimsOf = (jws: string) =>
  JSON.parse(decode(jws.split(".")[1] ?? "").toString()) as Record<string, unknown>;

test("a proof is signed by its own key and contains method, address, time and token hash", async () => {
  const key = await keyPairNew();
  const jws = await proof(key, {
    method: "GET",
    url: "https://mail.example.org/api/messages?mailbox=1#x",
    token: "the token",
    iat: 1_700_000_000,
    jti: "once",
  });
  const [header = "", claims = "", signature = ""] = jws.split(".");
  expect(JSON.parse(decode(header).toString())).toEqual({
    typ: "dpop+jwt",
    alg: "ES256",
    jwk: key.jwk,
  });
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode("the token"));
  expect(claimsOf(jws)).toEqual({
    htm: "GET",
    htu: "https://mail.example.org/api/messages",
    iat: 1_700_000_000,
    jti: "once",
    ath: base64url(new Uint8Array(digest)),
  });
  const es256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const publicKey = await crypto.subtle.importKey("jwk", key.jwk, es256, true, ["verify"]);
  const signed = new TextEncoder().encode(`${header}.${claims}`);
  expect(await crypto.subtle.verify(es256, publicKey, decode(signature), signed)).toBe(true);
});

test("the proof of a sign-in contains no token hash", async () => {
  const input = { method: "POST", url: "https://a.example/api/session", iat: 1, jti: "j" };
  expect(claimsOf(await proof(await keyPairNew(), { ...input, token: null }))).not.toHaveProperty(
    "ath",
  );
});

test("the private key cannot be exported, and the JWK has no private member", async () => {
  const key = await keyPairNew();
  expect(key.privateKey.extractable).toBe(false);
  await expect(crypto.subtle.exportKey("jwk", key.privateKey)).rejects.toThrow();
  expect(Object.keys(key.jwk)).toEqual(["crv", "kty", "x", "y"]);
});

test("htu leaves out query and fragment", () => {
  expect(htu("https://a.example:8443/p/q?r=s#t")).toBe("https://a.example:8443/p/q");
});

test("no two requests share an ID, and IDs need no escaping", () => {
  const ids = new Set(Array.from({ length: 200 }, jtiNew));
  expect(ids.size).toBe(200);
  for (const id of ids) expect(id).toMatch(/^[\w-]{22}$/);
});
