// What a search is called in an address. Browsers write addresses down and keep them after
// sign-out, so none may tell what was looked for: it has a number there, which says nothing, and
// only the memory of this page knows the words.

/** Words of ours, which tell nothing of anybody, have names that stay the same. */
const OURS = new Map([
  ["starred", "is:starred"],
  ["all", "in:all"],
]);

class Searches {
  #words = new Map<string, string>();
  #numbers = new Map<string, string>();
  /** What finds each label. The server knows them by number, so that such a search is never lost. */
  #labels = new Map<string, string>();

  /** What stands in the address for these words. */
  number(words: string): string {
    const known = nameIn(OURS, words) ?? nameIn(this.#labels, words) ?? this.#numbers.get(words);
    if (known !== undefined) return known;
    const fresh = numberNew();
    this.learn(fresh, words);
    return fresh;
  }

  /** What a number stands for; null where this page does not know it (any more). */
  words(number: string): string | null {
    return OURS.get(number) ?? this.#labels.get(number) ?? this.#words.get(number) ?? null;
  }

  learn(number: string, words: string): void {
    this.#words.set(number, words);
    this.#numbers.set(words, number);
  }

  labelsAre(labels: readonly { id: number; query: string }[]): void {
    this.#labels = new Map(labels.map(({ id, query }) => [`label-${id}`, query]));
  }

  /** Somebody else may sign in next. */
  forget(): void {
    this.#words.clear();
    this.#numbers.clear();
    this.#labels.clear();
  }
}

export const searches = new Searches();

function nameIn(names: Map<string, string>, words: string): string | undefined {
  for (const [name, meant] of names) if (meant === words) return name;
  return undefined;
}

/** Drawn, not counted: a page that was loaded again must not give an old number to other words. */
function numberNew(): string {
  return crypto.getRandomValues(new BigUint64Array(1)).join("");
}
