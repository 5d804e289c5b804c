// Sets the formulas of a message, as MathML, which browsers draw by themselves. Loaded when a message first has one.

import DOMPurify from "dompurify";
import temml from "temml";
import { ignore } from "../ignore.ts";

/** The longest formula that is read, in characters, and how large what it makes of itself may be. */
const MOST_CHARS = 10_000;
const LIMITS = { maxExpand: 1_000, maxSize: [50, 200] as [number, number] };

/** How long the page may stand still for formulas, ms: a message can have thousands. */
const SLICE_MS = 12;

/** Sets the formulas below an element, each once. One that cannot be read stays as it was written. */
export async function setFormulas(below: Element): Promise<void> {
  let until = performance.now() + SLICE_MS;
  for (const formula of below.querySelectorAll<HTMLElement>(".math:not(.set)")) {
    if (performance.now() > until) {
      await new Promise((resolve) => setTimeout(resolve));
      until = performance.now() + SLICE_MS;
    }
    // Meanwhile it may be gone, or set by another call.
    if (!formula.isConnected || formula.classList.contains("set")) continue;
    const tex = formula.textContent ?? "";
    formula.classList.add("set");
    if (tex.length > MOST_CHARS) continue;
    try {
      formula.innerHTML = mathOf(tex, formula.classList.contains("display"));
    } catch (error) {
      formula.textContent = tex;
      ignore(error, "no formula after all, or one that cannot be read");
      continue;
    }
    formula.setAttribute("aria-label", tex);
    formula.setAttribute("role", "math");
  }
}

/** A colour among styles: six digits, as all names of colours are written out. */
const COLOUR = / style="(?:[^"]*;)?\s*color:\s*(#[0-9a-f]{6});?[^"]*"/gi;

/**
 * The page's policy allows no styles in attributes, and a browser complains of one as soon as it is read: they go before.
 * Colours become attributes of MathML, which hold a colour and nothing else. The style sheet has what tables of formulas need.
 */
function mathOf(tex: string, displayMode: boolean): string {
  const html = temml.renderToString(tex, { ...LIMITS, displayMode, throwOnError: true, strict: false, trust: false });
  return DOMPurify.sanitize(html.replace(COLOUR, ' mathcolor="$1"').replace(/ style="[^"]*"/g, ""), {
    USE_PROFILES: { mathMl: true },
    FORBID_ATTR: ["style"],
  });
}
