import { href, parse, type Route } from "../lib/router.ts";

let current = $state.raw<Route>(parse(location.pathname));

export function route(): Route {
  return current;
}

export function go(to: Route, how: "push" | "replace" = "push"): void {
  const path = href(to);
  if (path !== location.pathname) {
    if (how === "push") history.pushState(null, "", path);
    else history.replaceState(null, "", path);
  }
  current = parse(path);
}

/** Navigates to an address of this page. */
export function goTo(path: string, how: "push" | "replace" = "push"): void {
  go(parse(path), how);
}

/** Handles Back and Forward, and plain clicks on links of this site. */
export function routerStart(): () => void {
  const onPop = () => {
    current = parse(location.pathname);
  };
  const onClick = (event: MouseEvent) => {
    const link = (event.target as Element | null)?.closest?.("a");
    if (!link || event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    // File names are served by the server, and fragments are places within this page. A search
    // query may look like a file name.
    const isFile = /\.\w+$/.test(link.pathname) && !link.pathname.startsWith("/search/");
    if (isFile || link.hash) return;
    event.preventDefault();
    go(parse(link.pathname));
  };
  addEventListener("popstate", onPop);
  document.addEventListener("click", onClick);
  return () => {
    removeEventListener("popstate", onPop);
    document.removeEventListener("click", onClick);
  };
}
