/** Corrections to the renderer's own styles, put into each surface: these reach what its variables do not. */
const CSS = `
  * { box-sizing: border-box; }
  button, input, textarea, select { font: inherit; color: inherit; accent-color: var(--accent); }
  input, textarea { max-width: 100%; }
  a2ui-basic-row { flex-wrap: wrap; }
  a2ui-basic-button, a2ui-basic-row, a2ui-basic-column { min-width: 0; }
  .a2ui-button.borderless { --_a2ui-text-color: var(--accent); text-decoration: underline; }
  .a2ui-chip { padding: 0.375rem 0.875rem; }
  .a2ui-modal-trigger[role="button"] { color: var(--accent); --a2ui-text-color-text: var(--accent); text-decoration: underline; }
  .a2ui-modal-content { min-width: min(300px, 80vw); max-width: calc(100vw - 2rem); }
  :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
`;

let sheet: CSSStyleSheet | undefined;

/** Adds the corrections to a surface. */
export function correctStyle(root: ShadowRoot): void {
  if (sheet === undefined) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}
