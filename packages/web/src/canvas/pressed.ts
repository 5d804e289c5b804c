// A press on the canvas as the transcript has it: a message that no person wrote. Its words are those of a page.

import { isRecord } from "@moltbot/protocol";
import { html, nothing, type TemplateResult } from "lit";
import { canvasIcon } from "../chat/icons.ts";

/** What was pressed, as the page says it. */
export interface Pressed {
  readonly name: string;
  /** What the page said of its fields, as text to read. */
  readonly context: string;
}

/** The keys of runs that begin with a press. */
const KEY = /^canvas-[0-9a-f]{32}$/;

/** Reads a message of the transcript; undefined when it is no press. */
export function pressedOf(key: string | undefined, text: string): Pressed | undefined {
  if (key === undefined || !KEY.test(key)) return undefined;
  const action = parsed(text.slice(text.lastIndexOf("\n") + 1));
  if (!isRecord(action) || typeof action.name !== "string") return undefined;
  const entries = isRecord(action.context) ? Object.entries(action.context) : [];
  const lines = entries.map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`);
  return { name: action.name, context: lines.join("\n") };
}

/** What is in the conversation in the place of a person's words. */
export function pressedBubble({ name, context }: Pressed): TemplateResult {
  return html`<div class="bubble pressed">
    <p>${canvasIcon}<span>Pressed “${name}” on the canvas</span></p>
    ${context === "" ? nothing : html`<p class="meta">${context}</p>`}
  </div>`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
