// The whole catalogue; the page loads its two halves side by side.
import base from "./base/he.ts";
import manage from "./manage/he.ts";

export const he = { ...base, manage };
export default he;
