// For acts that need a recently entered password: asks for it once, over the page, and continues.
import { ApiError } from "../../api/client.ts";

class Asking {
  waiting = $state(false);
  #settle: ((yes: boolean) => void)[] = [];

  /** Does the work, after asking for the password if needed. Throws if it was not given. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "confirm-needed") throw error;
      if (!(await this.#ask())) throw error;
      return work();
    }
  }

  answered(yes: boolean): void {
    this.waiting = false;
    for (const settle of this.#settle.splice(0)) settle(yes);
  }

  #ask(): Promise<boolean> {
    this.waiting = true;
    return new Promise((settle) => this.#settle.push(settle));
  }
}

export const asking = new Asking();
