// Proof of possession (RFC 9449): every request is signed with a key that cannot leave this
// browser, so a leaked token is useless by itself.

export interface KeyPair {
  privateKey: CryptoKey;
  jwk: PublicJwk;
}

/** Only the members that RFC 7638 §3.2 requires, in its order. */
export interface PublicJwk {
  crv: string;
  kty: string;
  x: string;
  y: string;
}

export interface ProofInput {
  method: string;
  url: string;
  token: string | null;
  /** Seconds since the epoch, in the server's time. */
  iat: number;
  jti: string;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };

export async function keyPairNew(): Promise<KeyPair> {
  // extractable: false applies to the private key; the public key can always be exported.
  const pair = await crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
  const full = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const { crv = "", kty = "", x = "", y = "" } = full;
  return { privateKey: pair.privateKey, jwk: { crv, kty, x, y } };
}

/**
 * Returns the compact JWS of RFC 9449 §4.2. WebCrypto's r‖s is the form that RFC 7518 §3.4
 * requires.
 */
export async function proof(key: KeyPair, input: ProofInput): Promise<string> {
  const header = { typ: "dpop+jwt", alg: "ES256", jwk: key.jwk };
  const claims: Record<string, string | number> = {
    htm: input.method,
    htu: htu(input.url),
    iat: input.iat,
    jti: input.jti,
  };
  if (input.token !== null) claims["ath"] = await hash(input.token);
  const signed = `${encodeJson(header)}.${encodeJson(claims)}`;
  const signature = await crypto.subtle.sign(
    { name: "ECDSA", hash: "SHA-256" },
    key.privateKey,
    new TextEncoder().encode(signed),
  );
  return `${signed}.${base64url(new Uint8Array(signature))}`;
}

/** Returns scheme, host and path, without query and fragment (RFC 9449 §4.2). */
export function htu(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

export function jtiNew(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(16)));
}

export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

async function hash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return base64url(new Uint8Array(digest));
}

function encodeJson(value: unknown): string {
  return base64url(new TextEncoder().encode(JSON.stringify(value)));
}
