// Decides which files can be previewed without saving them.
import type { Part } from "../api/types.ts";

/** What the server serves as an image; it checks the octets, not the name. */
const IMAGES = ["image/png", "image/jpeg", "image/gif", "image/webp"];
/** The largest text in octets that is previewed. */
export const TEXT_MAX = 200_000;

export const isImage = (part: Part): boolean => IMAGES.includes(part.type);

const isText = (part: Part): boolean =>
  (part.type.startsWith("text/") || part.type === "application/json") && part.size <= TEXT_MAX;

export const isPreviewed = (part: Part): boolean => isImage(part) || isText(part);
