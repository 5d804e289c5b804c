// The canvas in full view. Its page gets everything but a narrow bar, which belongs to us: so nobody is shut in.

import { html, type TemplateResult } from "lit";
import { closeIcon } from "../../chat/icons.ts";
import type { Canvas } from "../canvas/canvas-frame.ts";

export function canvasOver(canvas: Canvas): TemplateResult {
  return html`<section class="canvas-over" aria-label="Canvas">
    <header>
      <h2>Canvas</h2>
      <button type="button" class="icon-button" aria-label="Close the canvas" @click=${() => canvas.hide()}>${closeIcon}</button>
    </header>
    ${canvas.frame}
  </section>`;
}
