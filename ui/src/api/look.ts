// How the pages look and behave, kept on the server for wherever one signs in.
import { request } from "./client.ts";
import type { Answered } from "./wire.ts";

export type SavedSearch = Answered<"SavedSearch">;
export type Look = Answered<"Look">;

export const lookRead = () => request<Look>("GET", "/api/look");
export const lookSet = (body: Look) => request<undefined>("PUT", "/api/look", { body });
