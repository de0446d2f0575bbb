// Watches over the first load. A file of the page that fails, or that never comes, would leave a blank
// page for ever: the modules that could say so are the ones that are missing. So this is a script of
// its own, without any import. The page is loaded once more; if that does not help, the sentence that
// the document has for this is shown, in the reader's language, with a way to try again. Where this
// script fails with all the others, as when the network changes in that moment, the document shows it by
// itself, in all languages: it is hidden only by a style sheet, and by that for a while.
//
// The page has started when main.ts has put it in the place of that sentence.
(() => {
  /** Nothing more has come for so long: what is missing will not come. */
  const STUCK_MS = 15_000;
  const LOOK_MS = 500;
  /** How long the server may take to say whether it is there. */
  const PROBE_MS = 5_000;
  const PLACE = "postern.prefs";

  const late = () => document.getElementById("late");

  /** The language that was chosen in this browser, or that the browser asks for, of those there are. */
  function language(offered) {
    const wanted = [...(navigator.languages ?? [])];
    try {
      wanted.unshift(JSON.parse(localStorage.getItem(PLACE) ?? "{}").language ?? "");
    } catch {
      // Storage is blocked, or its content is not ours.
    }
    for (const tag of wanted) {
      const [base] = String(tag).split("-");
      // Some browsers still use the old code of Hebrew (BCP 47: iw → he).
      const code = base === "iw" ? "he" : base;
      if (offered.includes(code)) return code;
    }
    return "en";
  }

  function say() {
    const place = late();
    if (place === null || place.dataset.said !== undefined) return;
    const parts = [...place.children];
    const here = language(parts.map((part) => part.lang));
    for (const part of parts) {
      part.hidden = part.lang !== here;
      if (part.hidden) continue;
      document.documentElement.lang = here;
      document.documentElement.dir = part.dir;
    }
    place.dataset.said = "";
  }

  const isAgain = () =>
    performance.getEntriesByType("navigation").some(({ type }) => type === "reload");

  let failed = false;

  /** Loads the page once more, if the server is there; otherwise says that it cannot be had. */
  async function again() {
    if (failed || late() === null) return;
    failed = true;
    if (isAgain()) return say();
    try {
      const signal = AbortSignal.timeout(PROBE_MS);
      const { ok } = await fetch(location.pathname, { method: "HEAD", cache: "no-store", signal });
      if (late() === null) return;
      if (ok) return location.reload();
    } catch {
      // It cannot be reached.
    }
    say();
  }

  /** A file of ours that failed, or an error in one; extensions of the browser have errors too. */
  function onError({ target, filename }) {
    const isFile = target instanceof HTMLScriptElement || target instanceof HTMLLinkElement;
    if (isFile || filename?.startsWith(location.origin)) again();
  }

  let came = -1;
  let quietMs = 0;

  /** Whether a file of ours did not come; `responseStatus` is not in every browser. */
  const isLost = ({ name, initiatorType, responseStatus }) =>
    name.startsWith(location.origin) &&
    ["script", "link", "other"].includes(initiatorType) &&
    (responseStatus === 0 || responseStatus >= 400);

  function look() {
    if (late() === null) return stop();
    const all = performance.getEntriesByType("resource");
    // What the browser counts of its own time: on a busy machine this waits longer.
    quietMs = all.length === came ? quietMs + LOOK_MS : 0;
    came = all.length;
    // What failed before this script was there has no event any more.
    if (quietMs >= STUCK_MS || all.some(isLost)) again();
  }

  function stop() {
    clearInterval(watch);
    removeEventListener("error", onError, true);
    removeEventListener("unhandledrejection", again);
  }

  const watch = setInterval(look, LOOK_MS);
  addEventListener("error", onError, true);
  addEventListener("unhandledrejection", again);
})();
