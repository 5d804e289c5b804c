/**
 * Names fields for people who hear the page: the renderer draws a label beside each field and does not join the two. What
 * opens a dialog gets a key, too.
 */

/** Keeps the fields below `root` named as their labels say. */
export function nameFields(root: ShadowRoot): void {
  const name = () => {
    for (const field of root.querySelectorAll<HTMLElement>("input, textarea, .a2ui-choice-picker")) nameField(field);
    for (const opener of root.querySelectorAll<HTMLElement>(".a2ui-modal-trigger")) makeButton(opener);
  };
  new MutationObserver(name).observe(root, { childList: true, subtree: true, characterData: true });
  name();
}

function nameField(field: HTMLElement): void {
  if (field.closest("label") !== null || field.classList.contains("filter-input")) return;
  const component = componentOf(field);
  const label = component?.querySelector("label:not(.a2ui-option-label), .a2ui-slider-label")?.textContent?.trim();
  const fields = component?.querySelectorAll(".a2ui-date-time-input").length ?? 0;
  const kind = fields > 1 ? ` (${field.getAttribute("type")})` : "";
  const name = `${label || "Value"}${kind}`;
  if (field.getAttribute("aria-label") === name) return;
  field.setAttribute("aria-label", name);
  if (field.classList.contains("a2ui-choice-picker")) field.setAttribute("role", "group");
}

/** Lets keys press what opens a dialog and is no button. */
function makeButton(opener: HTMLElement): void {
  if (opener.getAttribute("role") === "button" || opener.querySelector("button, input") !== null) return;
  opener.setAttribute("role", "button");
  opener.tabIndex = 0;
  opener.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    opener.click();
  });
}

/** The nearest element of the renderer's around a field. */
function componentOf(field: Element): Element | undefined {
  let element = field.parentElement;
  while (element !== null && !element.localName.includes("-")) element = element.parentElement;
  return element ?? undefined;
}
