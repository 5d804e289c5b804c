// The focus is never lost: when what has it goes away, as a row that was deleted, its neighbour gets it, else what is around it.
// A button that is busy for a moment has it back afterwards.

const FOCUSABLE = 'button:not(:disabled), a[href], input:not(:disabled), select, textarea, summary, [tabindex="0"]';

/** Where something stood: what was around it, and at which place in that. */
interface Place {
  readonly around: Element;
  readonly at: number;
}

/** Watches the whole page; call it once. */
export function keepFocus(): void {
  let last: HTMLElement | undefined;
  let places: readonly Place[] = [];
  document.addEventListener("focusin", ({ target }) => {
    last = target as HTMLElement;
    places = placesOf(last);
  });
  // Who presses beside everything wants no focus. What is taken away may say goodbye first.
  document.addEventListener("focusout", ({ target, relatedTarget }) => {
    const before = target as HTMLElement;
    if (relatedTarget === null) setTimeout(() => before === last && isThere(before) && !hasFocus() && forget());
  });
  const forget = () => {
    last = undefined;
    places = [];
  };
  const look = () => {
    if (last === undefined || hasFocus()) return;
    if (!last.isConnected) neighbourOf(places)?.focus();
    else if (isThere(last)) last.focus();
  };
  new MutationObserver(look).observe(document.body, {
    ...{ childList: true, subtree: true, attributes: true, attributeFilter: ["disabled"] },
  });
}

function hasFocus(): boolean {
  return document.activeElement !== document.body && document.activeElement !== null;
}

function isThere(element: HTMLElement): boolean {
  return element.isConnected && !element.matches(":disabled");
}

function placesOf(element: HTMLElement): readonly Place[] {
  const places: Place[] = [];
  for (let child: Element = element; child.parentElement !== null; child = child.parentElement)
    places.push({ around: child.parentElement, at: [...child.parentElement.children].indexOf(child) });
  return places;
}

/** The first thing that can have the focus in what has moved up to the place, or comes before it; else what is around it. */
function neighbourOf(places: readonly Place[]): HTMLElement | undefined {
  const { around, at } = places.find((place) => place.around.isConnected) ?? {};
  const part = around?.closest<HTMLElement>(".scroller, .sidebar, dialog");
  if (around === undefined || at === undefined || part == null) return contentOf();
  for (const child of [around.children[at], around.children[at - 1]]) {
    const found = child?.matches(FOCUSABLE) ? child : child?.querySelector(FOCUSABLE);
    if (found?.checkVisibility()) return found as HTMLElement;
  }
  return part.matches(".scroller") ? part : contentOf();
}

/** What fills the page now, where all that was there before has gone. A touch screen would show its keyboard for the field. */
function contentOf(): HTMLElement | undefined {
  const field = matchMedia("(pointer: fine)").matches ? ["#message"] : [];
  const places = ["moltbot-page .scroller", ...field, "moltbot-thread .scroller"];
  const found = places.map((place) => document.querySelector<HTMLElement>(place));
  return found.find((element) => element?.checkVisibility()) ?? undefined;
}
