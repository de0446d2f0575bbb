// How the pages look and behave, stored on the server so that it applies wherever the user signs
// in.
import { request } from "./client.ts";
import type { Answered } from "./wire.ts";

export type SavedSearch = Answered<"SavedSearch">;
export type Appearance = Answered<"Appearance">;

export const appearanceRead = () => request<Appearance>("GET", "/api/appearance");
export const appearanceSet = (body: Appearance) =>
  request<undefined>("PUT", "/api/appearance", { body });
