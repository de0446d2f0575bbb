// Passkeys (WebAuthn Level 3). Each must derive a secret (`prf`): without one, sealed messages
// could not be opened.
import type {
  NewPasskey,
  PasskeyAssertion,
  PasskeyCreationOptions,
  PasskeyRequestOptions,
} from "../api/keys.ts";

/** The passkey was created but derives no secret. */
export class NoSecret extends Error {
  override name = "NoSecret";
}

const TIME_MAX_MS = 120_000;

/** Asks the browser to create a passkey; `name` is the name of the organisation. */
export async function passkeyMake(
  plan: PasskeyCreationOptions,
  name: string,
): Promise<Omit<NewPasskey, "label">> {
  const made = await navigator.credentials.create({
    publicKey: {
      challenge: octets(plan.challenge),
      rp: { id: plan.rpId, name },
      user: {
        id: octets(plan.userId),
        name: plan.name,
        displayName: plan.displayName || plan.name,
      },
      pubKeyCredParams: plan.algorithms.map((alg) => ({ type: "public-key", alg })),
      excludeCredentials: plan.there.map((id) => ({ type: "public-key", id: octets(id) })),
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
      attestation: "none",
      timeout: TIME_MAX_MS,
      extensions: { prf: { eval: { first: octets(plan.prfInput) } } },
    },
  });
  const credential = made as PublicKeyCredential;
  const response = credential.response as AuthenticatorAttestationResponse;
  const publicKey = response.getPublicKey();
  if (publicKey === null) throw new NoSecret();
  const prf = secretOf(credential) ?? (await secretLater(plan, credential.rawId));
  return {
    challenge: plan.challenge,
    clientData: text(response.clientDataJSON),
    authenticatorData: text(response.getAuthenticatorData()),
    algorithm: response.getPublicKeyAlgorithm(),
    publicKey: text(publicKey),
    prf: text(prf),
  };
}

/** Asks the browser for any passkey of this site. */
export async function passkeyAsk(
  question: PasskeyRequestOptions,
): Promise<Omit<PasskeyAssertion, "profile">> {
  const credential = await answer(question, question.challenge);
  const response = credential.response as AuthenticatorAssertionResponse;
  const prf = secretOf(credential);
  if (prf === null || response.userHandle === null) throw new NoSecret();
  return {
    userId: text(response.userHandle),
    credentialId: text(credential.rawId),
    challenge: question.challenge,
    clientData: text(response.clientDataJSON),
    authenticatorData: text(response.authenticatorData),
    signature: text(response.signature),
    prf: text(prf),
  };
}

/** Some authenticators derive a secret only in a second request. */
async function secretLater(plan: PasskeyCreationOptions, id: ArrayBuffer): Promise<ArrayBuffer> {
  const nobodys = text(crypto.getRandomValues(new Uint8Array(32)).buffer);
  const secret = secretOf(await answer(plan, nobodys, id));
  if (secret === null) throw new NoSecret();
  return secret;
}

async function answer(
  question: PasskeyRequestOptions,
  challenge: string,
  id?: ArrayBuffer,
): Promise<PublicKeyCredential> {
  const credential = await navigator.credentials.get({
    publicKey: {
      challenge: octets(challenge),
      rpId: question.rpId,
      userVerification: "required",
      timeout: TIME_MAX_MS,
      ...(id === undefined ? {} : { allowCredentials: [{ type: "public-key", id }] }),
      extensions: { prf: { eval: { first: octets(question.prfInput) } } },
    },
  });
  return credential as PublicKeyCredential;
}

function secretOf(credential: PublicKeyCredential): ArrayBuffer | null {
  const first = credential.getClientExtensionResults().prf?.results?.first;
  return first === undefined ? null : (first as ArrayBuffer);
}

export function text(octets: ArrayBuffer): string {
  const binary = Array.from(new Uint8Array(octets), (octet) => String.fromCharCode(octet)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

export function octets(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (c) => c.charCodeAt(0));
}
