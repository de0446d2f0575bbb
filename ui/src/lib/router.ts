// Every view has an address. Parsing and writing are here; history is in `state/route`. Browsers
// keep addresses, so what a person wrote or read stands in none of them.
import { isDay } from "./days.ts";
import { searches } from "./searches.ts";

export const MANAGE_PAGES = [
  "users",
  "temporary",
  "boards",
  "policy",
  "queue",
  "site",
  "log",
  "diagnostics",
] as const;
export type ManagePage = (typeof MANAGE_PAGES)[number];

export const CALENDAR_SHAPES = ["month", "week", "day", "agenda"] as const;
export type CalendarShape = (typeof CALENDAR_SHAPES)[number];

export type Route =
  | {
      view: "mail";
      mailbox: string;
      reference: string | null;
      query?: string;
      lost?: string;
      /** The number of a role mailbox; empty for the own mail; else that which is shown. */
      role?: string;
    }
  | { view: "sessions" | "settings" | "about" }
  | { view: "manage"; page: ManagePage }
  | { view: "colleagues"; colleague: string | null }
  | { view: "groups"; id: string | null }
  | { view: "contacts"; id: string | null }
  | { view: "boards"; id: string | null; post: string | null }
  | { view: "chat"; id: string | null }
  | { view: "calendar"; shape: CalendarShape | null; day: string | null }
  | { view: "pickup"; token: string }
  | { view: "verify"; reference: string | null }
  | { view: "account" }
  | { view: "missing" };

/** The role mailbox whose mail is shown. */
let shown = "";

export function roleUse(id: string): void {
  shown = id;
}

/**
 * The address of a view. `mailbox` is a role name where there is one, else an id. A search for
 * nothing is the page where one begins; `lost` is a search's number whose words are not known.
 */
export function href(route: Route): string {
  if (route.view === "missing") return "/";
  const role = route.view === "mail" ? (route.role ?? shown) : "";
  const parts = [...(role === "" ? [] : ["role", role]), ...partsOf(route)];
  return `/${parts.map(encodeURIComponent).join("/")}`;
}

function partsOf(route: Exclude<Route, { view: "missing" }>): string[] {
  if (route.view === "pickup") return ["pickup", route.token];
  if (route.view === "manage") return ["manage", route.page];
  if (route.view === "colleagues")
    return ["colleagues", ...(route.colleague === null ? [] : [route.colleague])];
  if (route.view === "groups") return ["groups", ...(route.id === null ? [] : [route.id])];
  if (route.view === "chat") return ["chat", ...(route.id === null ? [] : [route.id])];
  // A day says nothing about what is on it.
  if (route.view === "calendar")
    return ["calendar", ...[route.shape, route.day].filter((part) => part !== null)];
  // The id is a random number, and no part of what somebody wrote.
  if (route.view === "contacts") return ["contacts", ...(route.id === null ? [] : [route.id])];
  if (route.view === "boards")
    return ["boards", ...[route.id, route.post].filter((part) => part !== null)];
  if (route.view === "mail" && route.query !== undefined) {
    const number = route.query === "" ? route.lost : searches.number(route.query);
    if (number === undefined) return ["search"];
    return ["search", number, ...(route.reference === null ? [] : [route.reference])];
  }
  if (route.view === "mail" || route.view === "verify") {
    const box = route.view === "mail" ? [route.mailbox] : [];
    return [route.view, ...box, ...(route.reference === null ? [] : [route.reference])];
  }
  return [route.view];
}

/** Whether a view is public, whether or not a user is signed in. */
export function isOpen(route: Route): route is Extract<Route, { view: "pickup" | "verify" }> {
  return route.view === "pickup" || route.view === "verify";
}

export function parse(pathname: string): Route {
  const parts = pathname
    .split("/")
    .filter((part) => part !== "")
    .map(decode);
  if (parts.includes(null)) return { view: "missing" };
  if (parts[0] === "role" && parts[1]) {
    const inner = parse(
      `/${parts
        .slice(2)
        .map((part) => encodeURIComponent(part ?? ""))
        .join("/")}`,
    );
    return inner.view === "mail" ? { ...inner, role: parts[1] } : { view: "missing" };
  }
  const [first, mailbox, reference] = parts;
  if (first === undefined) return { view: "mail", mailbox: "inbox", reference: null };
  if (first === "mail" && parts.length <= 3)
    return { view: "mail", mailbox: mailbox ?? "inbox", reference: reference ?? null };
  if (first === "search" && parts.length <= 3) return search(mailbox ?? null, reference ?? null);
  if ((first === "sessions" || first === "settings" || first === "about") && parts.length === 1)
    return { view: first };
  if (first === "manage" && parts.length <= 2) {
    const page = MANAGE_PAGES.find((one) => one === (mailbox ?? "users"));
    return page === undefined ? { view: "missing" } : { view: "manage", page };
  }
  if (first === "colleagues" && parts.length <= 2)
    return { view: first, colleague: mailbox ?? null };
  if (first === "groups" && parts.length <= 2) return { view: first, id: mailbox ?? null };
  if (first === "contacts" && parts.length <= 2) return { view: first, id: mailbox ?? null };
  if (first === "boards" && parts.length <= 3)
    return { view: first, id: mailbox ?? null, post: reference ?? null };
  if (first === "chat" && parts.length <= 2) return { view: first, id: mailbox ?? null };
  if (first === "calendar" && parts.length <= 3) return calendar(mailbox, reference);
  if (first === "account" && parts.length === 1) return { view: first };
  if (first === "pickup" && mailbox && parts.length === 2) return { view: first, token: mailbox };
  if (first === "verify" && parts.length <= 2) return { view: first, reference: mailbox ?? null };
  return { view: "missing" };
}

function calendar(shape?: string | null, day?: string | null): Route {
  const known = CALENDAR_SHAPES.find((one) => one === shape) ?? null;
  const isWrong = (shape && known === null) || (day && !isDay(day));
  return isWrong ? { view: "missing" } : { view: "calendar", shape: known, day: day ?? null };
}

function search(number: string | null, reference: string | null): Route {
  const words = number === null ? null : searches.words(number);
  const found: Route = { view: "mail", mailbox: "search", reference, query: words ?? "" };
  return number === null || words !== null ? found : { ...found, lost: number };
}

/** A malformed escape is a wrong address, not a crash. */
function decode(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}
