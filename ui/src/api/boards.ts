// The calls of the API for boards and their posts.
import { request } from "./client.ts";
import type { Answered, Asked } from "./wire.ts";

export type Board = Answered<"Board">;
export type BoardWhole = Answered<"BoardWhole">;
export type BoardGrant = Answered<"BoardGrant">;
export type BoardNew = Asked<"BoardNew">;
export type BoardEdit = Asked<"BoardEdit">;
export type Right = Board["right"];
export type Topic = Answered<"Topic">;
export type Post = Answered<"Post">;
export type PostNew = Asked<"PostNew">;
export type PostEdit = Asked<"PostEdit">;
export type PostFile = Answered<"PostFile">;
export type PostPerson = Answered<"PostPerson">;
export type PostsPart = Answered<"PostsPart">;
export type PostVersion = Answered<"PostVersion">;

/** How many topics, and how many posts, a page shows at once. */
export const TOPICS_SHOWN = 50;
export const POSTS_SHOWN = 50;

const board = (id: string) => `/api/boards/${encodeURIComponent(id)}`;
const post = (reference: string) => `/api/posts/${encodeURIComponent(reference)}`;

export const boardList = () => request<Answered<"Boards">>("GET", "/api/boards");
export const boardCreate = (body: BoardNew) => request<BoardWhole>("POST", "/api/boards", { body });
export const boardRead = (id: string) => request<BoardWhole>("GET", board(id));
/** `version` is that of the board as it is shown. */
export const boardChange = (id: string, version: number, body: BoardEdit) =>
  request<BoardWhole>("PATCH", board(id), { body, headers: { "If-Match": `"${version}"` } });
export const boardDelete = (id: string) => request<undefined>("DELETE", board(id));
/** Takes keys that nothing proves for the board's own. */
export const keysAccept = (id: string) => request<BoardWhole>("POST", `${board(id)}/keys`);
export const boardMark = (id: string) => request<undefined>("POST", `${board(id)}/read`);
export const topicList = (id: string, offset: number) =>
  request<Answered<"Topics">>("GET", `${board(id)}/topics`, {
    query: { offset, limit: TOPICS_SHOWN },
  });
/** `key` makes sure that a request that is repeated writes the post once. */
export const postCreate = (id: string, body: PostNew, key: string) =>
  request<Post>("POST", `${board(id)}/posts`, { body, headers: { "Idempotency-Key": key } });
export const postFind = (id: string, q: string) =>
  request<Answered<"Posts">>("GET", "/api/posts", { query: { q, board: id } });
export const postChange = (reference: string, version: number, body: PostEdit) =>
  request<Post>("PATCH", post(reference), { body, headers: { "If-Match": `"${version}"` } });
export const postReact = (reference: string, text: string) =>
  request<Post>("PUT", `${post(reference)}/reaction`, { body: { text } });
export const postReactEnd = (reference: string) =>
  request<Post>("DELETE", `${post(reference)}/reaction`);
export const topicAttend = (reference: string, attention: Topic["attention"]) =>
  request<Topic>("PUT", `${post(reference)}/attention`, { body: { attention } });
/** A link to a file of a post. */
export const postTicket = (reference: string, file: string) =>
  request<Answered<"Ticket">>("POST", `${post(reference)}/ticket`, { body: { file } });
export const postDelete = (reference: string) => request<undefined>("DELETE", post(reference));
export const postVersions = (reference: string) =>
  request<Answered<"PostVersions">>("GET", `${post(reference)}/versions`);
export const postMark = (reference: string) =>
  request<undefined>("POST", `${post(reference)}/read`);
/** The part of a topic from a place on, or that in which the post is. */
export const topicRead = (reference: string, offset: number | null) =>
  request<PostsPart>("GET", `${post(reference)}/topic`, {
    query: { offset, here: offset === null ? "true" : null, limit: POSTS_SHOWN },
  });
/** The part of a topic with the first post that was not read. */
export const topicUnread = (reference: string) =>
  request<PostsPart>("GET", `${post(reference)}/topic`, { query: { limit: POSTS_SHOWN } });
export const topicDelete = (reference: string) =>
  request<undefined>("DELETE", `${post(reference)}/topic`);
export const topicChange = (reference: string, body: Asked<"TopicEdit">) =>
  request<Topic>("PATCH", `${post(reference)}/topic`, { body });
