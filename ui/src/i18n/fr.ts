// The whole catalogue; the page loads its parts side by side.
import base from "./base/fr.ts";
import boards from "./boards/fr.ts";
import chat from "./chat/fr.ts";
import manage from "./manage/fr.ts";
import people from "./people/fr.ts";
import schedule from "./schedule/fr.ts";

export const fr = { ...base, ...boards, ...people, ...chat, ...schedule, manage };
export default fr;
