// The whole catalogue; the page loads its parts side by side.
import base from "./base/en.ts";
import boards from "./boards/en.ts";
import chat from "./chat/en.ts";
import manage from "./manage/en.ts";
import people from "./people/en.ts";
import schedule from "./schedule/en.ts";

export const en = { ...base, ...boards, ...people, ...chat, ...schedule, manage };
export type Base = typeof base;
export type Boards = typeof boards;
export type People = typeof people;
export type Chat = typeof chat;
export type Schedule = typeof schedule;
export type Catalogue = typeof en;
export default en;
