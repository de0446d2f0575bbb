// The whole catalogue; the page loads its two halves side by side.
import base from "./base/fr.ts";
import manage from "./manage/fr.ts";

export const fr = { ...base, manage };
export default fr;
