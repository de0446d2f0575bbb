// What the pages know of groups. A session does what is due for the keys of its groups in the
// background: members who wait for a key get it from who is signed in.
import { badgesOf, groupsTend, type Badge } from "../api/groups.ts";

/** How long a session waits at most before it does what all members were told of. */
const SOON_MS = 2_000;

/** The most people whose groups are remembered. */
const BADGES_MAX = 500;

class Groups {
  /** How often something about the groups of this account changed; pages read them again. */
  changes = $state(0);
  #badges = new Map<string, Promise<Badge[]>>();
  #tending: Promise<void> | null = null;
  #again = false;

  /** Says that something changed, here or elsewhere. */
  changed(): void {
    this.#badges.clear();
    this.changes += 1;
  }

  /** Does what is due for the keys, until nobody waits; a call meanwhile repeats it once. */
  tend(): Promise<void> {
    if (this.#tending !== null) {
      this.#again = true;
      return this.#tending;
    }
    this.#tending = this.#all().finally(() => (this.#tending = null));
    return this.#tending;
  }

  /** As `tend`, after a moment: all members hear of a change at once, and one of them is enough. */
  async tendSoon(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * SOON_MS));
    await this.tend();
  }

  async #all(): Promise<void> {
    do {
      this.#again = false;
      let tended = await groupsTend();
      while (tended.more && tended.wrapped > 0) tended = await groupsTend();
      // What was waiting for a key can be read now.
      if (tended.begun + tended.wrapped > 0) this.changed();
    } while (this.#again);
  }

  /** The open groups of a person inside. */
  badges(address: string): Promise<Badge[]> {
    const key = address.toLowerCase();
    const known = this.#badges.get(key);
    if (known !== undefined) return known;
    if (this.#badges.size >= BADGES_MAX) this.#badges.clear();
    const asked = badgesOf(address).then(({ items }) => items);
    this.#badges.set(key, asked);
    // A question that failed is asked again the next time.
    asked.catch(() => this.#badges.delete(key));
    return asked;
  }

  reset(): void {
    this.#badges.clear();
    this.changes = 0;
  }
}

export const groups = new Groups();
