// The whole catalogue; the page loads its two halves side by side.
import base from "./base/en.ts";
import manage from "./manage/en.ts";

export const en = { ...base, manage };
export type Base = typeof base;
export type Catalogue = typeof en;
export default en;
