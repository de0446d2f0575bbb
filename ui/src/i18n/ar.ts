// The whole catalogue; the page loads its parts side by side.
import base from "./base/ar.ts";
import boards from "./boards/ar.ts";
import chat from "./chat/ar.ts";
import manage from "./manage/ar.ts";
import people from "./people/ar.ts";
import schedule from "./schedule/ar.ts";

export const ar = { ...base, ...boards, ...people, ...chat, ...schedule, manage };
export default ar;
