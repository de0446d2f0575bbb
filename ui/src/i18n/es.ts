// The whole catalogue; the page loads its parts side by side.
import base from "./base/es.ts";
import chat from "./chat/es.ts";
import manage from "./manage/es.ts";
import people from "./people/es.ts";

export const es = { ...base, ...people, ...chat, manage };
export default es;
