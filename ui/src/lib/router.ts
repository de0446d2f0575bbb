// Every view has an address. Parsing and formatting are here; history is in `state/route`.

export const MANAGE_PAGES = [
  "users",
  "temporary",
  "policy",
  "queue",
  "site",
  "log",
  "diagnostics",
] as const;
export type ManagePage = (typeof MANAGE_PAGES)[number];

export type Route =
  | { view: "mail"; mailbox: string; reference: string | null; query?: string }
  | { view: "sessions" | "settings" | "about" }
  | { view: "manage"; page: ManagePage }
  | { view: "pickup"; token: string }
  | { view: "verify"; reference: string | null }
  | { view: "account" }
  | { view: "missing" };

/** Returns the address of a view. `mailbox` is a role name if it has a role, else an ID. */
export function href(route: Route): string {
  if (route.view === "missing") return "/";
  return `/${partsOf(route).map(encodeURIComponent).join("/")}`;
}

function partsOf(route: Exclude<Route, { view: "missing" }>): string[] {
  if (route.view === "pickup") return ["pickup", route.token];
  if (route.view === "manage") return ["manage", route.page];
  if (route.view === "mail" && route.query !== undefined)
    return ["search", route.query, ...(route.reference === null ? [] : [route.reference])];
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
  const [first, mailbox, reference] = parts;
  if (parts.includes(null)) return { view: "missing" };
  if (first === undefined) return { view: "mail", mailbox: "inbox", reference: null };
  if (first === "mail" && parts.length <= 3)
    return { view: "mail", mailbox: mailbox ?? "inbox", reference: reference ?? null };
  if (first === "search" && mailbox && parts.length <= 3)
    return { view: "mail", mailbox: "search", reference: reference ?? null, query: mailbox };
  if ((first === "sessions" || first === "settings" || first === "about") && parts.length === 1)
    return { view: first };
  if (first === "manage" && parts.length <= 2) {
    const page = MANAGE_PAGES.find((one) => one === (mailbox ?? "users"));
    return page === undefined ? { view: "missing" } : { view: "manage", page };
  }
  if (first === "account" && parts.length === 1) return { view: first };
  if (first === "pickup" && mailbox && parts.length === 2) return { view: first, token: mailbox };
  if (first === "verify" && parts.length <= 2) return { view: first, reference: mailbox ?? null };
  return { view: "missing" };
}

/** A malformed escape is a wrong address, not a crash. */
function decode(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}
