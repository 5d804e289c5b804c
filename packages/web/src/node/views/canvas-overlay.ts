// The canvas in full view. Its page gets everything but a narrow bar, which belongs to us: so nobody is shut in. A hidden frame
// stays where it is: one that is taken out loses what it shows.

import { html, type TemplateResult } from "lit";
import { closeIcon } from "../../chat/icons.ts";
import type { Canvas } from "../canvas/canvas-frame.ts";

export function canvasOverlay(canvas: Canvas): TemplateResult {
  return html`<section class="canvas-over" aria-label="Canvas" ?hidden=${!canvas.isShown}>
    <header>
      <h2>Canvas</h2>
      <button type="button" class="icon-button" aria-label="Close the canvas" @click=${() => canvas.hide()}>${closeIcon}</button>
    </header>
    ${canvas.frame}
  </section>`;
}
