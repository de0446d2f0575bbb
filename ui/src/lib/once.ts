// The key of a request that may be sent again: the same for the same content until it was confirmed, so
// that nothing is written twice, and nothing else is taken for it.
import { ApiError } from "../api/client.ts";

export class Once {
  #said = "";
  #key = "";

  of(content: unknown): string {
    const said = JSON.stringify(content);
    if (said !== this.#said) [this.#said, this.#key] = [said, crypto.randomUUID()];
    return this.#key;
  }

  /** After a refusal that would be the same for ever, the next try is another request. */
  refused(error: unknown): void {
    if (error instanceof ApiError && error.code === "request-used") this.confirmed();
  }

  confirmed(): void {
    this.#said = "";
  }
}
