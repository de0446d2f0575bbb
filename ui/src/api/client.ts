// The only module that speaks HTTP: signs requests, sends them, and turns responses into values or
// errors.
import { jtiNew, proof, type KeyPair } from "./dpop.ts";
import type { Problem } from "./types.ts";

/** The origin of a request: a session's token, and the key that it is bound to. */
export interface Signer {
  token: string | null;
  key: KeyPair;
}

/** The server answered with a refusal. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly errorId: string | null;
  readonly retryAfterSecs: number | null;
  /** The whole problem document of the answer. */
  readonly body: Problem;

  constructor(problem: Problem, retryAfterSecs: number | null) {
    super(problem.detail ?? problem.title);
    this.status = problem.status;
    this.code = problem.code ?? "";
    this.errorId = problem.errorId ?? null;
    this.retryAfterSecs = retryAfterSecs;
    this.body = problem;
  }
}

/** No answer arrived: it is unknown whether the request was carried out. */
export class Unreachable extends Error {}

interface Hooks {
  signer(): Signer | null;
  /** Called on 401; resolves once it is known whether the user signed in again. */
  signedOut(): Promise<boolean>;
  /** Called after each signed request that was carried out. */
  served(): void;
  /** Called after each exchange with whether the server could be reached. */
  reached(yes: boolean): void;
}

interface Options {
  body?: unknown;
  /** Octets of an upload, sent as they are. */
  octets?: Blob;
  /** For pages that need no account: no token, no proof, no sign-in on 401. */
  open?: boolean;
  query?: Record<string, string | number | null | undefined>;
  /** About the own account, whatever mailbox is shown. */
  own?: boolean;
  /** For signing in, which brings its own key and no token. */
  as?: Signer;
  /** Browsers obey Clear-Site-Data only on a request that might have carried cookies. */
  clearsSite?: boolean;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** The timeout of one attempt, which excludes the time for signing in again. */
  maxMs?: number;
}

const REQUEST_MAX_MS = 30_000;

let session: Hooks | null = null;
/** How far the server's clock is ahead of this one. */
let offsetMs = 0;
/** The number of the role mailbox that requests for mail are about; empty for the own mail. */
let mailbox = "";
/** The requests that are about a mailbox. */
const OF_MAILBOX =
  /^\/api\/(mailboxes|messages|conversations|labels|search|changes|events|drafts|uploads|submissions|outgoing|awaited|temporary)(\/|$)/;

export function bind(to: Hooks): void {
  session = to;
}

export function mailboxUse(id: string): void {
  mailbox = id;
}

export async function request<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const response = await exchange(method, path, { maxMs: REQUEST_MAX_MS, ...options });
  // An answer may have no body whatever its status is: a 202 usually has none.
  const body = await response.text();
  return (body === "" ? undefined : JSON.parse(body)) as T;
}

/** Returns the whole body of a response that is not JSON. */
export async function octets(path: string, options: Options): Promise<Blob> {
  const response = await exchange("GET", path, {
    ...options,
    headers: { ...options.headers, Accept: "*/*" },
  });
  return response.blob();
}

/** Opens the event stream: answered like any request, then read until it ends. */
export async function stream(path: string, options: Options): Promise<ReadableStream<Uint8Array>> {
  const response = await exchange("GET", path, {
    ...options,
    headers: { ...options.headers, Accept: "text/event-stream" },
  });
  if (response.body === null) throw new Unreachable();
  return response.body;
}

async function exchange(method: string, path: string, options: Options): Promise<Response> {
  let clockTried = false;
  let signInTried = false;
  for (;;) {
    const response = await send(method, path, options);
    if (response.ok) {
      if (!options.as && !options.open) session?.served();
      return response;
    }
    const error = await failure(response);
    // This clock differs from the server's by more than the server allows: adopt its time, once.
    if (error.code === "stale-proof" && !clockTried && correct(response.headers.get("Date"))) {
      clockTried = true;
    } else if (
      isSignedOut(error) &&
      !options.as &&
      !options.open &&
      session !== null &&
      !signInTried
    ) {
      signInTried = true;
      if (!(await session.signedOut())) throw error;
    } else {
      throw error;
    }
  }
}

/** A 401 because of a wrong password says nothing about the session. */
function isSignedOut(error: ApiError): boolean {
  return error.status === 401 && error.code !== "bad-credentials";
}

async function send(method: string, path: string, options: Options): Promise<Response> {
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries(options.query ?? {}))
    if (value !== null && value !== undefined) url.searchParams.set(name, String(value));
  const signer = options.open ? null : (options.as ?? session?.signer() ?? null);
  const headers = new Headers({ Accept: "application/json", ...options.headers });
  if (options.body !== undefined) headers.set("Content-Type", "application/json");
  if (options.octets) headers.set("Content-Type", "application/octet-stream");
  if (mailbox !== "" && !options.own && signer !== null && OF_MAILBOX.test(url.pathname))
    headers.set("Postern-Mailbox", mailbox);
  if (signer !== null) {
    const { token, key } = signer;
    const iat = Math.floor((Date.now() + offsetMs) / 1000);
    headers.set("DPoP", await proof(key, { method, url: url.href, token, iat, jti: jtiNew() }));
    if (token !== null) headers.set("Authorization", `DPoP ${token}`);
  }
  try {
    const response = await fetch(url, {
      method,
      headers,
      body: options.octets ?? (options.body === undefined ? null : JSON.stringify(options.body)),
      signal: options.signal ?? (options.maxMs ? AbortSignal.timeout(options.maxMs) : null),
      credentials: options.clearsSite ? "same-origin" : "omit",
      cache: "no-store",
      redirect: "error",
    });
    session?.reached(true);
    return response;
  } catch (cause) {
    if (options.signal?.aborted && (options.signal.reason as Error)?.name === "AbortError")
      throw cause;
    session?.reached(false);
    throw new Unreachable("the server could not be reached", { cause });
  }
}

async function failure(response: Response): Promise<ApiError> {
  const fallback: Problem = {
    type: "about:blank",
    title: response.statusText || `HTTP ${response.status}`,
    status: response.status,
  };
  const isProblem = /\bjson\b/.test(response.headers.get("Content-Type") ?? "");
  const body = isProblem
    ? ((await response.json().catch(() => ({}))) as Partial<Problem>)
    : (await response.body?.cancel(), {});
  const retryAfter = Number(response.headers.get("Retry-After") ?? NaN);
  return new ApiError(
    { ...fallback, ...body, status: response.status },
    Number.isFinite(retryAfter) ? retryAfter : null,
  );
}

function correct(date: string | null): boolean {
  const server = Date.parse(date ?? "");
  if (Number.isNaN(server)) return false;
  offsetMs = server - Date.now();
  return true;
}
