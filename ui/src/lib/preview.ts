// Which files are shown without being saved.
import type { Part } from "../api/types.ts";

/** What the server gives out as an image; it looks at the octets, not at the name. */
const IMAGES = ["image/png", "image/jpeg", "image/gif", "image/webp"];
/** More is not read in a box. */
export const TEXT_MAX = 200_000;

export const isImage = (part: Part): boolean => IMAGES.includes(part.type);

const isText = (part: Part): boolean =>
  (part.type.startsWith("text/") || part.type === "application/json") && part.size <= TEXT_MAX;

export const isPreviewed = (part: Part): boolean => isImage(part) || isText(part);
