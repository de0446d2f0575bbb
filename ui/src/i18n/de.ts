// The whole catalogue; the page loads its two halves side by side.
import base from "./base/de.ts";
import manage from "./manage/de.ts";

export const de = { ...base, manage };
export default de;
