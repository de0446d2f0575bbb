// The whole catalogue; the page loads its parts side by side.
import base from "./base/he.ts";
import boards from "./boards/he.ts";
import chat from "./chat/he.ts";
import manage from "./manage/he.ts";
import people from "./people/he.ts";
import schedule from "./schedule/he.ts";

export const he = { ...base, ...boards, ...people, ...chat, ...schedule, manage };
export default he;
