// The focus never falls to the page's body: where the element that has it goes away, and nothing
// else takes it, it moves to the nearest place that is still there.

/**
 * Watches over the focus. `fallback` is where it goes if no surviving element around the one that is
 * gone can take it.
 */
export function focusWatch(fallback: () => HTMLElement | null): () => void {
  /** The element that has the focus, and all around it. */
  let path: Element[] = [];
  const held = (event: FocusEvent) => (path = around(event.target));
  const rescue = () => {
    const [last] = path;
    if (last === undefined || last.isConnected || !isLost()) return;
    // Whatever removed the element may have a better place in mind.
    afterDrawing(() => {
      if (!isLost()) return;
      const place = path.find((one) => one.isConnected && isPlace(one));
      (place instanceof HTMLElement ? place : fallback())?.focus({ preventScroll: true });
    });
  };
  const observer = new MutationObserver(rescue);
  observer.observe(document.body, { childList: true, subtree: true });
  document.addEventListener("focusin", held);
  return () => {
    observer.disconnect();
    document.removeEventListener("focusin", held);
  };
}

function around(target: EventTarget | null): Element[] {
  const path: Element[] = [];
  for (let one = target instanceof Element ? target : null; one; one = one.parentElement)
    path.push(one);
  return path;
}

const isLost = () => document.activeElement === null || document.activeElement === document.body;
const isPlace = (one: Element) => one.hasAttribute("tabindex") && one !== document.body;

function afterDrawing(then: () => void): void {
  requestAnimationFrame(() => requestAnimationFrame(then));
}
