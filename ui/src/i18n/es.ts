// The whole catalogue; the page loads its two halves side by side.
import base from "./base/es.ts";
import manage from "./manage/es.ts";

export const es = { ...base, manage };
export default es;
