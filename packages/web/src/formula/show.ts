// Sets the formulas of a message, as MathML, which browsers draw by themselves. Loaded when a message first has one.

import { ignore } from "../ignore.ts";
import { toElement } from "./nodes.ts";
import { mathOf } from "./tex.ts";

/** Sets the formulas below an element, each once. One that cannot be read stays as it was written. */
export function setFormulas(below: Element): void {
  for (const formula of below.querySelectorAll<HTMLElement>(".math:not(.set)")) {
    const tex = formula.textContent ?? "";
    formula.classList.add("set");
    try {
      formula.replaceChildren(toElement(mathOf(tex, formula.classList.contains("display"))));
    } catch (error) {
      ignore(error, "no formula after all, or one that we cannot read");
      continue;
    }
    formula.setAttribute("aria-label", tex);
    formula.setAttribute("role", "math");
  }
}
