// The words of a search that this page does not know: it was loaded again, or is a new tab. Other
// tabs of the session may know them, and the server has the labels.
import { background } from "../lib/background.ts";
import { searches } from "../lib/searches.ts";
import { labels } from "./labels.svelte.ts";
import { routeAgain } from "./route.svelte.ts";
import { session } from "./session.svelte.ts";
import { listen, tell } from "./tabs.ts";

/** How long another tab has to answer before the page says that nobody knows. */
const ASK_MS = 300;

class Searching {
  /** Whether it may still turn out what the number in the address stands for. */
  waits = $state(false);
  #turn = 0;

  /** Hears other tabs until it is stopped; from then on nothing is known any more. */
  start(): () => void {
    const stop = listen((message) => {
      if (message.type === "search-ask" && message.id === session.id) {
        const words = searches.words(message.number);
        if (words !== null) tell({ ...message, type: "search-here", words });
      }
      if (message.type === "search-here" && message.id === session.id) {
        searches.learn(message.number, message.words);
        routeAgain();
      }
    });
    return () => {
      stop();
      searches.forget();
      routeAgain();
    };
  }

  /** Asks what this number stands for. */
  async find(number: string): Promise<void> {
    const turn = (this.#turn += 1);
    this.waits = true;
    tell({ type: "search-ask", id: session.id, number });
    await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    if (number.startsWith("label-")) await background("reading the labels", labels.read());
    routeAgain();
    if (turn === this.#turn) this.waits = false;
  }
}

export const searching = new Searching();
