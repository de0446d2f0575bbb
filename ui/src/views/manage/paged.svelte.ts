// A list that is loaded page by page: `Loaded` has the first page, and this has the rest.
import { t } from "../../i18n/index.svelte.ts";
import { fail } from "../../state/actions.svelte.ts";
import { asking } from "./asked.svelte.ts";

interface Page {
  items: unknown[];
  next: string | null;
}

export class Paged<P extends Page> {
  /** The items after the first page. */
  rest = $state.raw<P["items"][number][]>([]);
  next = $state<string | null>(null);
  readonly #load: (after: string | null) => Promise<P>;

  constructor(load: (after: string | null) => Promise<P>) {
    this.#load = load;
  }

  first = async (): Promise<P> => {
    const page = await this.#load(null);
    [this.rest, this.next] = [[], page.next];
    return page;
  };

  more = async (): Promise<void> => {
    try {
      const page = await asking.run(() => this.#load(this.next));
      [this.rest, this.next] = [[...this.rest, ...page.items], page.next];
    } catch (error) {
      fail(t().manage.failed, t().fail.readKept, error, () => void this.more());
    }
  };
}
