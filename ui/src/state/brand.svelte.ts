// What the house calls itself and how it looks, as its managers set it. Nothing of it comes from
// anywhere else.
import * as api from "../api/manage.ts";

class Brand {
  organisation = $state("");
  hasLogo = $state(false);
  #turn = $state(0);

  /** The logo's address; another one after each change, so that the new one is seen. */
  get logo(): string {
    return `/api/brand/logo.png?${this.#turn}`;
  }

  /** The page looks as it always did where the house cannot be asked. */
  async read(): Promise<void> {
    try {
      const { organisation, accent, hasLogo } = await api.brand();
      this.organisation = organisation;
      this.hasLogo = hasLogo;
      this.#turn += 1;
      const root = document.documentElement;
      root.toggleAttribute("data-brand", accent !== null);
      root.style.setProperty("--brand", accent ?? "");
    } catch {
      this.hasLogo = false;
    }
  }
}

export const brand = new Brand();
