// What people say about themselves, on the server.
import { octets, request } from "./client.ts";
import type { Answered, Asked } from "./wire.ts";

export type OwnProfile = Answered<"OwnProfile">;
export type ProfileChange = Asked<"OwnProfileChange">;
export type Audience = Answered<"ProfileAudience">;
export type Published = Answered<"PublishedProfile">;
export type Field = Published["fields"][number];
export type Person = Answered<"DirectoryPerson">;
export type People = Answered<"DirectoryPage">;
export type Preview = Answered<"ProfilePreview">;

export const FIELDS = [
  ...(["name", "picture", "phones", "office", "languages", "hours", "about"] as const),
];

export const profileRead = () => request<OwnProfile>("GET", "/api/profile");
/** `version` is the one that was edited. */
export const profileSet = (version: number, body: ProfileChange) =>
  request<OwnProfile>("PUT", "/api/profile", { body, headers: { "If-Match": `"${version}"` } });
export const profilePicture = () => octets("/api/profile/picture", {});
export const profilePictureSet = (version: number, picture: Blob) =>
  request<OwnProfile>("PUT", "/api/profile/picture", {
    octets: picture,
    headers: { "If-Match": `"${version}"` },
  });
export const profilePictureDrop = (version: number) =>
  request<OwnProfile>("DELETE", "/api/profile/picture", {
    headers: { "If-Match": `"${version}"` },
  });
export const profilePreview = (address: string) =>
  request<Preview>("GET", "/api/profile/preview", { query: { address } });
export const peopleList = (q: string, limit: number) =>
  request<People>("GET", "/api/profiles", { query: { q, limit } });
export const personRead = (id: string) =>
  request<Person>("GET", `/api/profiles/${encodeURIComponent(id)}`);
export const personAt = (address: string) =>
  request<Person>("GET", "/api/profiles/at", { query: { address } });
export const personPicture = (id: string) =>
  octets(`/api/profiles/${encodeURIComponent(id)}/picture`, {});
