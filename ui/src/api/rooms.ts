// The calls of the API for chat.
import { octets, request } from "./client.ts";
import type { Answered, Asked } from "./wire.ts";

export type Room = Answered<"ChatRoom">;
export type Rooms = Answered<"ChatRooms">;
export type Line = Answered<"ChatLine">;
export type LineFile = Answered<"ChatFile">;
export type NewFile = Asked<"ChatFileNew">;
export type Voice = Answered<"ChatVoice">;
export type Lines = Answered<"ChatLines">;
export type Person = Answered<"ChatPerson">;
export type Member = Answered<"ChatMember">;
export type JoinRequest = Answered<"ChatRequest">;
export type Found = Answered<"ChatFound">;
export type Verdict = Answered<"ChatVerdict">;

const at = (room: string, rest = "") => `/api/rooms/${encodeURIComponent(room)}${rest}`;
const line = (room: string, number: number) => at(room, `/lines/${number}`);
const person = (room: string, what: string, id: string) =>
  at(room, `/${what}/${encodeURIComponent(id)}`);

export const rooms = () => request<Rooms>("GET", "/api/rooms");
export const roomCreate = (name: string, sharesEarlier: boolean) =>
  request<Room>("POST", "/api/rooms", { body: { name, sharesEarlier } });
export const roomWith = (address: string) =>
  request<Room>("POST", "/api/rooms/with", { body: { address } });
export const roomAsk = (room: string) =>
  request<undefined>("POST", "/api/rooms/asked", { body: { room } });
export const roomAskEnd = (room: string) =>
  request<undefined>("DELETE", `/api/rooms/asked/${encodeURIComponent(room)}`);
/** Looks for words in what was said, in one room or in all. */
export const find = (text: string, room: string | null) =>
  request<Found>("POST", "/api/rooms/find", { body: { text, room } });
export const roomRead = (room: string) => request<Room>("GET", at(room));
export const roomEnd = (room: string) => request<undefined>("DELETE", at(room));
export const roomLeave = (room: string, transcript: boolean) =>
  request<undefined>("POST", at(room, "/leave"), { body: { transcript } });
export const roomOwn = (room: string, body: { shows?: boolean; mutes?: boolean }) =>
  request<undefined>("PATCH", at(room, "/own"), { body });
export const membersRead = (room: string, offset: number) =>
  request<Answered<"ChatMembers">>("GET", at(room, "/members"), { query: { offset } });
/** Takes keys that nothing proves for the room's own. */
export const keysAccept = (room: string) => request<undefined>("POST", at(room, "/keys"));
export const memberChange = (room: string, id: string, controller: boolean) =>
  request<undefined>("PATCH", person(room, "members", id), { body: { controller } });
export const memberRemove = (room: string, id: string) =>
  request<undefined>("DELETE", person(room, "members", id));
export const requestsRead = (room: string, offset: number) =>
  request<Answered<"ChatRequests">>("GET", at(room, "/requests"), { query: { offset } });
export const requestAnswer = (room: string, id: string, verdict: Verdict) =>
  request<undefined>("POST", person(room, "requests", id), { body: { verdict } });
export const linesAfter = (room: string, after: number) =>
  request<Lines>("GET", at(room, "/lines"), { query: { after } });
export const linesBefore = (room: string, before: number) =>
  request<Lines>("GET", at(room, "/lines"), { query: { before } });
export const lineRead = (room: string, number: number) => request<Line>("GET", line(room, number));
export const lineSay = (
  room: string,
  body: {
    clientId: string;
    text: string;
    inReplyTo: number | null;
    mentions: string[];
    files: NewFile[];
  },
) => request<Answered<"ChatLineSaid">>("POST", at(room, "/lines"), { body });
/** The octets of a file of a line. */
export const lineFile = (room: string, number: number, index: number) =>
  octets(`${line(room, number)}/files/${index}`, {});
export const lineChange = (room: string, number: number, text: string) =>
  request<undefined>("PATCH", line(room, number), { body: { text } });
export const lineDelete = (room: string, number: number) =>
  request<undefined>("DELETE", line(room, number));
export const react = (room: string, number: number, text: string) =>
  request<undefined>("PUT", `${line(room, number)}/reaction`, { body: { text } });
export const reactEnd = (room: string, number: number) =>
  request<undefined>("DELETE", `${line(room, number)}/reaction`);
export const readUpTo = (room: string, number: number) =>
  request<undefined>("PUT", at(room, "/read"), { body: { number } });
export const typing = (room: string) => request<undefined>("POST", at(room, "/typing"));

/** Under this a line is said once, however often it is sent. */
export function clientId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}
