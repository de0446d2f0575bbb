// The organisation's name, colour and logo, as its administrators set them. All of it comes from
// this server.
import * as api from "../api/manage.ts";

class Brand {
  organisation = $state("");
  hasLogo = $state(false);
  #turn = $state(0);

  /** The logo's address, which differs after each change, so that the new logo is loaded. */
  get logo(): string {
    return `/api/brand/logo.png?${this.#turn}`;
  }

  /** Loads the brand; on failure the page keeps its default look. */
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
