// Stores a session's key pair for the next page load in IndexedDB, which clones a CryptoKey without
// exporting it. Some browsers refuse that in private windows (DataCloneError) or have no database
// at all; then the key is in memory only, and a reload asks for the password again.
import type { KeyPair } from "./dpop.ts";

interface Kept extends KeyPair {
  keptAt: number;
}

const DATABASE = "postern";
const STORE = "keys";
/** No session lasts longer than this, so an older key is useless. */
const KEPT_MAX_MS = 24 * 60 * 60 * 1000;

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
    if (kept !== undefined && Date.now() - kept.keptAt > KEPT_MAX_MS)
      await within("readwrite", (store) => store.delete(id));
  }
}

async function within<T = unknown>(
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const db = await open();
  try {
    return await settled(work(db.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    db.close();
  }
}

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
