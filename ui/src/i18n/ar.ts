// The whole catalogue; the page loads its two halves side by side.
import base from "./base/ar.ts";
import manage from "./manage/ar.ts";

export const ar = { ...base, manage };
export default ar;
