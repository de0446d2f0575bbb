// The role mailboxes that this account reads, and the one that the page shows in place of the own mail.
import { mailboxUse } from "../api/client.ts";
import { roleList, type RoleMailbox } from "../api/roles.ts";
import { t } from "../i18n/index.svelte.ts";
import { roleUse } from "../lib/router.ts";

class Roles {
  items = $state.raw<RoleMailbox[]>([]);
  /** The number of the mailbox that is shown; empty for the own mail. */
  id = $state("");
  #asked = 0;

  /** The mailbox that is shown, once it is known. */
  get current(): RoleMailbox | null {
    return this.id === "" ? null : (this.items.find((one) => one.id === this.id) ?? null);
  }

  /** From whom a message goes out that is written now; empty in the own mail. */
  get from(): string {
    if (this.id === "") return "";
    // The address keeps its own direction.
    return `${t().roles.from} \u2068${this.current?.address ?? ""}\u2069`;
  }

  /** Those that can be opened. */
  get open(): RoleMailbox[] {
    return this.items.filter((one) => one.opens);
  }

  /** Whether the reader may reject and delete what is shown: in a role mailbox, for all its readers. */
  get destroys(): boolean {
    return this.id === "" || this.current?.manages === true;
  }

  /** Shows a mailbox from now on: requests for mail are about it, and addresses name it. */
  enter(id: string): void {
    this.id = id;
    mailboxUse(id);
    roleUse(id);
  }

  async read(): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    const { items } = await roleList();
    if (asked === this.#asked) this.items = items;
  }

  /** Whether the mailbox that is shown is not this account's to read any more. */
  async isLost(): Promise<boolean> {
    if (this.id === "") return false;
    await this.read();
    return this.current?.opens !== true;
  }

  reset(): void {
    this.#asked += 1;
    this.items = [];
  }
}

export const roles = new Roles();
