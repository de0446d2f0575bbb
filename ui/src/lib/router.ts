// Every view has an address. Parsing and writing are here; history is in `state/route`.

export type Route =
  | { view: "mail"; mailbox: string; reference: string | null }
  | { view: "sessions" | "settings" | "about" }
  | { view: "missing" };

/** The address of a view. `mailbox` is a role name where there is one, else an id. */
export function href(route: Route): string {
  if (route.view === "missing") return "/";
  if (route.view !== "mail") return `/${route.view}`;
  const parts = ["mail", route.mailbox, ...(route.reference === null ? [] : [route.reference])];
  return `/${parts.map(encodeURIComponent).join("/")}`;
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
  if ((first === "sessions" || first === "settings" || first === "about") && parts.length === 1)
    return { view: first };
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
