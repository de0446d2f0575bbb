// The pages of a list, as the server has them.
import * as api from "../api/mail.ts";
import type { ConversationRow, Listed, Snippet } from "../api/types.ts";
import { filterOf, searchOf } from "./window.ts";

const PAGE = 50;

/** A page of a list: its rows, and the messages that they stand for besides. */
export interface Loaded {
  items: Listed[];
  members: Listed[];
  next: string | null;
}

/** Loads a page of the conversations of a mailbox, for as long as somebody waits for it. */
export async function rowsPage(
  box: string,
  before: string | null,
  isWanted: () => boolean,
): Promise<{ rows: ConversationRow[]; next: string | null }> {
  for (;;) {
    const { items: rows, next } = await api.conversationList(box, before, PAGE);
    before = next;
    // Where one page is full of what belongs to earlier rows, the next has the rows.
    if (rows.length === 0 && next !== null && isWanted()) continue;
    return { rows, next };
  }
}

/** Loads a page of messages, one by one, and keeps the excerpts of what a search finds. */
export async function plainPage(
  box: string,
  before: string | null,
  snippets: Map<string, Snippet[]>,
): Promise<Loaded> {
  const filter = filterOf(box);
  const query = searchOf(box);
  if (filter !== null)
    return { ...(await api.search(filter.words, before, PAGE, filter.mailbox)), members: [] };
  if (query === null) return { ...(await api.messageList(box, before, PAGE)), members: [] };
  const found = await api.search(query, before, PAGE);
  const items = found.items.map(({ snippet, ...item }) => {
    snippets.set(item.reference, snippet);
    return item;
  });
  return { items, members: [], next: found.next };
}
