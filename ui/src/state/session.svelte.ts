// The current session. The token is in memory and sessionStorage, and the key in IndexedDB (on a
// shared computer, both are in memory only); there is no cookie. The key stays when the session ends,
// unless the computer is shared: by it, the account knows this browser at the next sign-in.
import { ApiError, bind, type Signer } from "../api/client.ts";
import { keyPairNew, type KeyPair } from "../api/dpop.ts";
import { keyForget, keyKeep, keyRead, ownKeyKeep, ownKeyRead } from "../api/keystore.ts";
import { passkeyRequestOptions, passkeySignIn } from "../api/keys.ts";
import * as mail from "../api/mail.ts";
import type { Account, Profile, SessionInfo, SignedIn } from "../api/types.ts";
import { prefsForget, prefsKeepHere } from "./prefs.svelte.ts";
import { listen, tell, type Kept } from "./tabs.ts";

/**
 * `again`: signed in, but the server no longer accepts the session; sign-in opens over the page.
 * `unreached`: there is a session, and whether the server accepts it could not be asked.
 */
type Status = "starting" | "unreached" | "out" | "in" | "again";

type Resumed = "in" | "not" | "unreached";

const PLACE = "postern.session";
/** The server notes the use of a session once a minute. */
const SLACK_MS = 90_000;
/** How long a new tab waits for an answer of a signed-in one. */
const ASK_MS = 300;
/** How long the first request may take, and how often it is sent: until then the page is empty. */
const FIRST_MAX_MS = 10_000;
const FIRST_TRIES = 2;

class Session {
  status = $state<Status>("starting");
  account = $state.raw<Account | null>(null);
  lastSignIn = $state<string | null>(null);
  /** Set by a new sign-in, so that the page can show the time of the previous one. */
  fresh = $state(false);
  memoryOnly = $state(false);
  /** False once the browser says so or a request failed; true once the server has answered. */
  online = $state(navigator.onLine);
  /** Grows when another user signs in: everything on the page belongs to one value. */
  epoch = $state(0);

  /**
   * Whether the session was ended elsewhere rather than by time. That is what one does about a
   * browser that is lost or in other hands: what was on the page is not shown until somebody signs in.
   */
  revoked = $state(false);

  #kept: Kept | null = null;
  #servedAt = 0;
  #idleMs = 0;
  #key: KeyPair | null = null;
  #waiting: ((again: boolean) => void)[] = [];

  constructor() {
    addEventListener("offline", () => (this.online = false));
  }

  get id(): string {
    return this.#kept?.id ?? "";
  }

  async start(): Promise<void> {
    bind({
      signer: () => this.#signer(),
      signedOut: () => this.#over(),
      served: () => (this.#servedAt = Date.now()),
      reached: (yes) => (this.online = yes),
    });
    listen((message) => {
      if (message.type === "ask") this.#answer();
      if (message.type === "here") void this.#adopt(message.session, message.key);
      if (message.type === "signed-out" && message.id === this.id) this.#forget();
    });
    await this.#begin();
  }

  /** Tries once more, after the server could not be reached. */
  async again(): Promise<void> {
    if (this.status !== "unreached") return;
    this.status = "starting";
    await this.#begin();
  }

  async #begin(): Promise<void> {
    const resumed = await this.#resume();
    if (resumed === "unreached" && this.status === "starting") this.status = "unreached";
    if (resumed !== "not") return;
    tell({ type: "ask" });
    await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    if (this.status === "starting") this.status = "out";
  }

  async signIn(
    name: string,
    password: string,
    profile: Profile,
    more: { code?: string } = {},
  ): Promise<void> {
    await this.#open(profile, (as) => mail.signIn({ name, password, profile, ...more }, as));
  }

  /** Signs in with a passkey, which identifies its account. */
  async signInByPasskey(profile: Profile): Promise<void> {
    const { passkeyAsk } = await import("../lib/webauthn.ts");
    const answer = await passkeyAsk(await passkeyRequestOptions());
    await this.#open(profile, (as) => passkeySignIn({ ...answer, profile }, as));
  }

  async #open(profile: Profile, signIn: (as: Signer) => Promise<SignedIn>): Promise<void> {
    const known = profile === "browser" ? await ownKeyRead() : null;
    const key = known ?? (await keyPairNew());
    const answer = await signIn({ token: null, key });
    const kept: Kept = { id: answer.session.id, token: answer.token, profile };
    const stored = profile === "browser" && (await keyKeep(kept.id, key));
    if (stored && isKnown(kept, answer.account)) await ownKeyKeep(key);
    this.memoryOnly = profile === "browser" && !stored;
    if (stored) keptWrite(kept);
    this.fresh = true;
    this.#become(kept, key, answer);
    this.#answer();
  }

  /** The owner of the account has chosen a password. */
  chosen(): void {
    if (this.account) this.account = { ...this.account, mustChoosePassword: false };
  }

  /** The owner of a temporary account now has something to sign in with again. */
  canReturn(): void {
    const temporary = this.account?.temporary;
    if (!this.account || !temporary) return;
    this.account = { ...this.account, temporary: { ...temporary, canReturn: true } };
  }

  /** Forgets the session here in any case; throws if the server could not be reached. */
  async signOut(): Promise<void> {
    try {
      await mail.signOut();
    } finally {
      this.ended();
    }
  }

  /** Ends the session in this tab and in all others. */
  ended(): void {
    tell({ type: "signed-out", id: this.id });
    this.#forget();
  }

  async #resume(): Promise<Resumed> {
    const kept = keptRead();
    const key = kept === null ? null : await keyRead(kept.id);
    if (kept === null || key === null) return "not";
    for (let tried = 1; ; tried += 1) {
      const resumed = await this.#adopt(kept, key);
      if (resumed !== "unreached" || tried === FIRST_TRIES) return resumed;
    }
  }

  /** Adopts the session of another tab or of an earlier page. */
  async #adopt(kept: Kept, key: KeyPair): Promise<Resumed> {
    if (this.#isIn()) return "not";
    try {
      // With the credentials of that session: a 401 here means "not this one", not "sign in again".
      const info = await mail.sessionRead({ token: kept.token, key }, FIRST_MAX_MS);
      // The answer of another tab, or a sign-in here, may have come first.
      if (this.#isIn()) return "not";
      if (this.status === "again" && info.account.id !== this.account?.id) return "not";
      if (kept.profile === "browser") keptWrite(kept);
      this.#become(kept, key, info);
      return "in";
    } catch (error) {
      // Only these say that it is over: a server that is in trouble, or busy with others, does not.
      if (!(error instanceof ApiError) || ![401, 403].includes(error.status)) return "unreached";
      if (this.#kept === null) keptForget();
      return "not";
    }
  }

  #become(kept: Kept, key: KeyPair, info: SessionInfo): void {
    const another = this.account !== null && this.account.id !== info.account.id;
    this.#kept = kept;
    this.#key = key;
    this.account = info.account;
    this.lastSignIn = info.lastSignIn;
    if (this.status !== "again" || another) this.epoch += 1;
    this.status = "in";
    this.revoked = false;
    this.#servedAt = Date.now();
    this.#idleMs = Date.parse(info.session.expiresAt) - Date.parse(info.session.lastUsedAt);
    // Another user must not finish what one user started.
    for (const settle of this.#waiting.splice(0)) settle(!another);
  }

  /** The server no longer accepts the session. Before it can have expired, it was ended elsewhere. */
  #over(): Promise<boolean> {
    if (this.status !== "in" && this.status !== "again") return Promise.resolve(false);
    if (this.status === "in") this.revoked = Date.now() < this.#servedAt + this.#idleMs - SLACK_MS;
    this.status = "again";
    return new Promise((settle) => this.#waiting.push(settle));
  }

  #isIn(): boolean {
    return this.status === "in";
  }

  #answer(): void {
    if (this.status === "in" && this.#kept !== null && this.#key !== null)
      tell({ type: "here", session: this.#kept, key: this.#key });
  }

  #signer(): Signer | null {
    if (this.#kept === null || this.#key === null) return null;
    return { token: this.#kept.token, key: this.#key };
  }

  /** Forgets the session's key. What this browser is known by is needed to come back. */
  async #keysForget(): Promise<void> {
    const [kept, key, account] = [this.#kept, this.#key, this.account];
    await keyForget(kept?.id ?? "");
    // The server's Clear-Site-Data has cleared it as well.
    if (kept && key && account && !this.memoryOnly && isKnown(kept, account)) await ownKeyKeep(key);
  }

  #forget(): void {
    void this.#keysForget();
    // The server's Clear-Site-Data clears the preferences too, although they do not belong to the
    // session.
    prefsForget();
    prefsKeepHere();
    keptForget();
    this.#kept = null;
    this.#key = null;
    this.account = null;
    this.fresh = false;
    this.status = "out";
    for (const settle of this.#waiting.splice(0)) settle(false);
  }
}

/** Whether the account knows this browser from its sign-in on: an outsider may be at any computer. */
function isKnown(kept: Kept, account: Account): boolean {
  return kept.profile === "browser" && account.kind !== "temporary";
}

function keptRead(): Kept | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(PLACE) ?? "null") as Kept | null;
    return typeof kept?.id === "string" && typeof kept.token === "string" ? kept : null;
  } catch {
    return null;
  }
}

// If cookies are blocked, sessionStorage is too: then a session ends with its page.
function keptWrite(kept: Kept): void {
  try {
    sessionStorage.setItem(PLACE, JSON.stringify(kept));
  } catch {
    // Then it is in memory only.
  }
}

function keptForget(): void {
  try {
    sessionStorage.removeItem(PLACE);
  } catch {
    // Nothing was stored.
  }
}

export const session = new Session();
