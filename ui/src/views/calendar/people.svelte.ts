// The people who are asked to a meeting. They are entered as the recipients of a message are, but
// nothing of them is saved as a draft.
import { Composer } from "../compose/composer.svelte.ts";

export class People extends Composer {
  protected override mayKeep(): boolean {
    return false;
  }

  /** What is typed and no chip yet becomes one; returns whether nothing is left over. */
  finish(): boolean {
    for (const field of ["to", "cc"] as const)
      if (this.typing[field].trim() !== "")
        this.typing[field] = this.add(field, this.typing[field]);
    return (this.typing.to + this.typing.cc).trim() === "";
  }
}
