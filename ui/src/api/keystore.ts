// Stores a session's key pair for the next page load, and this browser's own for the next sign-in, in
// IndexedDB, which clones a CryptoKey without exporting it. Some browsers refuse that in private
// windows (DataCloneError) or have no database at all; then the key is in memory only, and a reload
// asks for the password again.
import { within as bounded } from "../lib/within.ts";
import type { KeyPair } from "./dpop.ts";

interface Kept extends KeyPair {
  keptAt: number;
}

const DATABASE = "postern";
const STORE = "keys";
/** A browser that has not answered by then is treated like one that has no database. */
const ANSWER_MAX_MS = 5_000;
/** No session lasts longer than this, so an older key is useless. */
const KEPT_MAX_MS = 24 * 60 * 60 * 1000;

/** Names nobody: all who sign in from this browser do it with the same key. */
const OWN = "browser";
/** The server knows no browser for longer. */
const OWN_KEPT_MAX_MS = 90 * 24 * 60 * 60 * 1000;

/** The key that this browser signs in with, by which the accounts of its users know it. */
export const ownKeyRead = (): Promise<KeyPair | null> => keyRead(OWN);
export const ownKeyKeep = (key: KeyPair): Promise<boolean> => keyKeep(OWN, key);

/** Stores the key; returns whether that succeeded. */
export async function keyKeep(session: string, key: KeyPair): Promise<boolean> {
  try {
    const kept: Kept = { ...key, keptAt: Date.now() };
    await within("readwrite", (store) => store.put(kept, session));
    await keysExpire();
    return true;
  } catch {
    return false;
  }
}

export async function keyRead(session: string): Promise<KeyPair | null> {
  try {
    const kept = await within<Kept | undefined>("readonly", (store) => store.get(session));
    return kept === undefined ? null : { privateKey: kept.privateKey, jwk: kept.jwk };
  } catch {
    return null;
  }
}

export async function keyForget(session: string): Promise<void> {
  try {
    await within("readwrite", (store) => store.delete(session));
  } catch {
    // Nothing was stored, or the server's Clear-Site-Data was faster.
  }
}

async function keysExpire(): Promise<void> {
  const ids = await within<IDBValidKey[]>("readonly", (store) => store.getAllKeys());
  for (const id of ids) {
    const kept = await within<Kept | undefined>("readonly", (store) => store.get(id));
    const most = id === OWN ? OWN_KEPT_MAX_MS : KEPT_MAX_MS;
    if (kept !== undefined && Date.now() - kept.keptAt > most)
      await within("readwrite", (store) => store.delete(id));
  }
}

async function within<T = unknown>(
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const opening = open();
  try {
    return await bounded(
      ANSWER_MAX_MS,
      opening.then((db) => settled(work(db.transaction(STORE, mode).objectStore(STORE)))),
    );
  } finally {
    // A database that is opened too late is closed as well.
    void opening.then(
      (db) => db.close(),
      () => undefined,
    );
  }
}

/**
 * While the database is being deleted, or another tab holds it, a request for it is answered by
 * nothing at all; so a page that waited for it would never start.
 */
function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return settled(request);
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the IndexedDB request failed"));
  });
}
