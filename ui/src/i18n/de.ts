// The whole catalogue; the page loads its parts side by side.
import base from "./base/de.ts";
import boards from "./boards/de.ts";
import chat from "./chat/de.ts";
import manage from "./manage/de.ts";
import people from "./people/de.ts";
import schedule from "./schedule/de.ts";

export const de = { ...base, ...boards, ...people, ...chat, ...schedule, manage };
export default de;
