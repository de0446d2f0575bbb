// The chat as all pages show it: how many lines are unread, and a desktop notice that something was said.
// Neither says who said what, or where.
import type { Line } from "../api/rooms.ts";
import { t } from "../i18n/index.svelte.ts";
import { background } from "../lib/background.ts";
import { badge } from "./badge.svelte.ts";
import { noticeOf } from "./notices.ts";
import { newsOf, rooms } from "./rooms.svelte.ts";
import { session } from "./session.svelte.ts";

/** Browsers that can show a number at the program's icon. */
type Badged = Navigator & {
  setAppBadge?: (count: number) => Promise<void>;
  clearAppBadge?: () => Promise<void>;
};

const browser: Badged = navigator;

function show(count: number): void {
  badge.chat = count;
  const shown = count > 0 ? browser.setAppBadge?.(count) : browser.clearAppBadge?.();
  if (shown !== undefined) void background("showing a number at the icon", shown);
}

const isMeant = (line: Line) => line.mentions.includes(session.account?.id ?? "");

/** Where somebody wants to hear of nothing, only what is said to that person in particular counts. */
function isNews(room: string, line: Line): boolean {
  if (line.own) return false;
  const isMuted = rooms.all?.items.find(({ id }) => id === room)?.mutes ?? false;
  return !isMuted || isMeant(line);
}

/** Follows the chat until the returned function is called. */
export function start(): () => void {
  rooms.again();
  const stopRooms = rooms.start();
  const stopCount = $effect.root(() => {
    $effect(() => {
      show(rooms.all?.items.reduce((sum, one) => sum + rooms.fresh(one), 0) ?? 0);
    });
  });
  const hear = (event: Event) => {
    const news = newsOf(event);
    if (news.line !== undefined && !news.line.own && isMeant(news.line)) rooms.mentioned(news.room);
    if (news.line !== undefined && isNews(news.room, news.line))
      void background("saying that something was said", noticeOf(t().chat.noticed));
  };
  window.addEventListener("chat", hear);
  return () => {
    window.removeEventListener("chat", hear);
    stopCount();
    stopRooms();
    rooms.reset();
    show(0);
  };
}
