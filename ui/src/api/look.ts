// How the pages look and behave, kept on the server for wherever one signs in.
import { request } from "./client.ts";

export interface SavedSearch {
  name: string;
  query: string;
}

export interface Look {
  language: string | null;
  /** IANA's name; null is the browser's. */
  zone: string | null;
  theme: string | null;
  density: string | null;
  keys: boolean | null;
  listWidth: number | null;
  grouped: boolean | null;
  toured: boolean;
  signature: string;
  place: string | null;
  searches: SavedSearch[];
}

export const lookRead = () => request<Look>("GET", "/api/look");
export const lookSet = (body: Look) => request<undefined>("PUT", "/api/look", { body });
