// Colours for code and typeset mathematics, loaded when a message first has some. What they do not know stays as it is.

import DOMPurify from "dompurify";
import hljs from "highlight.js/lib/common";
import katex from "katex";

/** Colours the code blocks and sets the formulas below an element, each once. */
export function enrich(element: Element): void {
  for (const code of element.querySelectorAll<HTMLElement>("figure.code code[class]")) colour(code);
  for (const formula of element.querySelectorAll<HTMLElement>(".math:not(.set)")) typeset(formula);
}

function colour(code: HTMLElement): void {
  const language = code.className.replace(/^language-/, "");
  code.removeAttribute("class");
  if (hljs.getLanguage(language) === undefined) return;
  code.innerHTML = hljs.highlight(code.textContent ?? "", { language, ignoreIllegals: true }).value;
}

/** MathML, which browsers draw by themselves: it needs no fonts and no styles of its own. */
function typeset(formula: HTMLElement): void {
  const { textContent } = formula;
  formula.classList.add("set");
  try {
    const displayMode = formula.classList.contains("display");
    const html = katex.renderToString(textContent ?? "", { output: "mathml", displayMode, strict: "ignore" });
    const bare = html.replace(/<annotation[\s\S]*?<\/annotation>/g, "");
    formula.innerHTML = DOMPurify.sanitize(bare, {
      USE_PROFILES: { html: true, mathMl: true },
      FORBID_ATTR: ["style"],
    });
    formula.setAttribute("aria-label", textContent ?? "");
    formula.setAttribute("role", "math");
  } catch {
    formula.textContent = textContent; // no formula after all: it is shown as it was written
  }
}
