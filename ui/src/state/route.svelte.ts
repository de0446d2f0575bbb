import { href, parse, type Route } from "../lib/router.ts";

let current = $state.raw<Route>(parse(location.pathname));

export function route(): Route {
  return current;
}

export function go(to: Route, how: "push" | "replace" = "push"): void {
  visit(href(to), how);
}

function visit(path: string, how: "push" | "replace"): void {
  if (path !== location.pathname) {
    if (how === "push") history.pushState(null, "", path);
    else history.replaceState(null, "", path);
  }
  current = parse(path);
}

/** Reads the address once more: what it stands for is known now, or is not any more. */
export function routeAgain(): void {
  current = parse(location.pathname);
}

/** Goes to an address of this page. */
export function goTo(path: string, how: "push" | "replace" = "push"): void {
  visit(addressOf(path), how);
}

/** An address of this page as it is written: one that names no role mailbox is of the own mail. */
function addressOf(path: string): string {
  const to = parse(path);
  return href(to.view === "mail" ? { role: "", ...to } : to);
}

/** Handles Back and Forward, and plain clicks on links of this site. */
export function routerStart(): () => void {
  const onClick = (event: MouseEvent) => {
    const link = (event.target as Element | null)?.closest?.("a");
    if (!link || event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    // A file name is the server's to answer, and so is a place within this page.
    if (/\.\w+$/.test(link.pathname) || link.hash) return;
    event.preventDefault();
    visit(addressOf(link.pathname), "push");
  };
  addEventListener("popstate", routeAgain);
  document.addEventListener("click", onClick);
  return () => {
    removeEventListener("popstate", routeAgain);
    document.removeEventListener("click", onClick);
  };
}
