// A picture over the whole window.

import { html, render } from "lit";
import { closeIcon } from "./icons.ts";

/** Shows a picture large until somebody clicks or presses Escape. The focus returns by itself. */
export function showPicture(source: string, alt: string): void {
  const dialog = document.createElement("dialog");
  dialog.className = "large-picture";
  dialog.setAttribute("aria-label", alt);
  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  render(
    html`<img src=${source} alt=${alt} /><button type="button" class="icon-button" aria-label="Close">${closeIcon}</button>`,
    dialog,
  );
  document.querySelector("moltbot-app")?.append(dialog);
  dialog.showModal();
}
