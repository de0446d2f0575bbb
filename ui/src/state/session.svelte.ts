// Who is signed in. The token lives in memory and sessionStorage, the key in
// IndexedDB (a shared computer: memory for both); there is no cookie.
import { ApiError, bind, type Signer } from "../api/client.ts";
import { keyPairNew, type KeyPair } from "../api/dpop.ts";
import { keyForget, keyKeep, keyRead } from "../api/keystore.ts";
import { passkeyQuestion, passkeySignIn } from "../api/keys.ts";
import * as mail from "../api/mail.ts";
import type { Account, Profile, SessionInfo, SignedIn } from "../api/types.ts";
import { prefsForget, prefsKeepHere } from "./prefs.svelte.ts";
import { listen, tell, type Kept } from "./tabs.ts";

/** `again`: signed in, but the server no longer agrees; sign-in opens over the page. */
type Status = "starting" | "out" | "in" | "again";

const PLACE = "postern.session";
/** How long a new tab waits for a signed-in one to answer. */
const ASK_MS = 300;

class Session {
  status = $state<Status>("starting");
  account = $state.raw<Account | null>(null);
  lastSignIn = $state<string | null>(null);
  /** Set by a fresh sign-in, so that the page can say when the last one was. */
  fresh = $state(false);
  memoryOnly = $state(false);
  online = $state(true);
  /** Grows when another person signs in: everything on the page belongs to one number. */
  epoch = $state(0);

  #kept: Kept | null = null;
  #key: KeyPair | null = null;
  #waiting: ((again: boolean) => void)[] = [];

  get id(): string {
    return this.#kept?.id ?? "";
  }

  async start(): Promise<void> {
    bind({
      signer: () => this.#signer(),
      signedOut: () => this.#expired(),
      reached: (yes) => (this.online = yes),
    });
    listen((message) => {
      if (message.type === "ask") this.#answer();
      if (message.type === "here") void this.#adopt(message.session, message.key);
      if (message.type === "signed-out" && message.id === this.id) this.#forget();
    });
    if (await this.#resume()) return;
    tell({ type: "ask" });
    await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    if (this.status === "starting") this.status = "out";
  }

  async signIn(
    name: string,
    password: string,
    profile: Profile,
    more: { newPassword?: string; code?: string } = {},
  ): Promise<void> {
    await this.#open(profile, (as) => mail.signIn({ name, password, profile, ...more }, as));
  }

  /** With a passkey, which says by itself whose it is. */
  async signInByPasskey(profile: Profile): Promise<void> {
    const { passkeyAsk } = await import("../lib/webauthn.ts");
    const answer = await passkeyAsk(await passkeyQuestion());
    await this.#open(profile, (as) => passkeySignIn({ ...answer, profile }, as));
  }

  async #open(profile: Profile, signIn: (as: Signer) => Promise<SignedIn>): Promise<void> {
    const key = await keyPairNew();
    const answer = await signIn({ token: null, key });
    const kept: Kept = { id: answer.session.id, token: answer.token, profile };
    const stored = profile === "browser" && (await keyKeep(kept.id, key));
    this.memoryOnly = profile === "browser" && !stored;
    if (stored) keptWrite(kept);
    this.fresh = true;
    this.#become(kept, key, answer);
    this.#answer();
  }

  /** Forgets here whatever the server says; throws if it could not be told. */
  async signOut(): Promise<void> {
    try {
      await mail.signOut();
    } finally {
      this.ended();
    }
  }

  /** This session is over, and every tab shall know. */
  ended(): void {
    tell({ type: "signed-out", id: this.id });
    this.#forget();
  }

  async #resume(): Promise<boolean> {
    const kept = keptRead();
    const key = kept === null ? null : await keyRead(kept.id);
    if (kept === null || key === null) return false;
    return this.#adopt(kept, key);
  }

  /** Takes over a session another tab, or an earlier page, had. */
  async #adopt(kept: Kept, key: KeyPair): Promise<boolean> {
    if (this.#isIn()) return false;
    try {
      // With its own credentials: a 401 here means "not this one", not "sign in again".
      const info = await mail.sessionRead({ token: kept.token, key });
      // Another tab's answer, or a sign-in here, may have come first.
      if (this.#isIn()) return false;
      if (this.status === "again" && info.account.id !== this.account?.id) return false;
      if (kept.profile === "browser") keptWrite(kept);
      this.#become(kept, key, info);
      return true;
    } catch (error) {
      if (error instanceof ApiError && this.#kept === null) keptForget();
      return false;
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
    // What one person began, another must not finish.
    for (const settle of this.#waiting.splice(0)) settle(!another);
  }

  #expired(): Promise<boolean> {
    if (this.status !== "in" && this.status !== "again") return Promise.resolve(false);
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

  #forget(): void {
    void keyForget(this.id);
    // The server's Clear-Site-Data takes the choices too; they are not the session's.
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

function keptRead(): Kept | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(PLACE) ?? "null") as Kept | null;
    return typeof kept?.id === "string" && typeof kept.token === "string" ? kept : null;
  } catch {
    return null;
  }
}

// Where no cookies may be kept, this cannot be either: then a session ends with its page.
function keptWrite(kept: Kept): void {
  try {
    sessionStorage.setItem(PLACE, JSON.stringify(kept));
  } catch {
    // It lives in memory.
  }
}

function keptForget(): void {
  try {
    sessionStorage.removeItem(PLACE);
  } catch {
    // Nothing was ever kept.
  }
}

export const session = new Session();
