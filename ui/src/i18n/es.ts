// The whole catalogue; the page loads its parts side by side.
import base from "./base/es.ts";
import boards from "./boards/es.ts";
import chat from "./chat/es.ts";
import manage from "./manage/es.ts";
import people from "./people/es.ts";
import schedule from "./schedule/es.ts";

export const es = { ...base, ...boards, ...people, ...chat, ...schedule, manage };
export default es;
