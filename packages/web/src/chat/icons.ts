// The page's icons: 24 units wide, drawn with the text's colour, hidden from screen readers. Their buttons have the words.

import { html, type SVGTemplateResult, svg, type TemplateResult } from "lit";

/** `isTurned`: it shows a direction, and is mirrored where text runs from right to left. */
function icon(shape: SVGTemplateResult, isTurned = false): TemplateResult {
  return html`<svg class=${isTurned ? "icon turned" : "icon"} viewBox="0 0 24 24" aria-hidden="true" focusable="false">${shape}</svg>`;
}

export const menuIcon = icon(svg`<path d="M4 7h16M4 12h16M4 17h10"/>`, true);
export const plusIcon = icon(svg`<path d="M12 5v14M5 12h14"/>`);
export const searchIcon = icon(svg`<circle cx="11" cy="11" r="6.5"/><path d="m16 16 4.5 4.5"/>`);
export const sendIcon = icon(svg`<path d="M12 19V5M5.5 11.5 12 5l6.5 6.5"/>`);
export const stopIcon = icon(svg`<rect x="7" y="7" width="10" height="10" rx="2" fill="currentColor"/>`);
export const attachIcon = icon(
  svg`<path d="m20 11.5-8.4 8.4a5.2 5.2 0 0 1-7.4-7.4l8.8-8.8a3.5 3.5 0 0 1 5 5l-8.8 8.7a1.7 1.7 0 0 1-2.5-2.4l8.1-8"/>`,
);
export const micIcon = icon(
  svg`<rect x="9" y="3.5" width="6" height="11" rx="3"/><path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3"/>`,
);
export const closeIcon = icon(svg`<path d="m6 6 12 12M18 6 6 18"/>`);
export const copyIcon = icon(
  svg`<rect x="9" y="9" width="11" height="11" rx="2.5"/><path d="M15 5.5A1.5 1.5 0 0 0 13.5 4h-8A1.5 1.5 0 0 0 4 5.5v8A1.5 1.5 0 0 0 5.5 15"/>`,
);
export const checkIcon = icon(svg`<path d="m5 12.5 4.5 4.5L19 7"/>`);
export const trashIcon = icon(
  svg`<path d="M4.5 7h15M10 4h4M6.5 7l.8 11.2A2 2 0 0 0 9.3 20h5.4a2 2 0 0 0 2-1.8L17.5 7"/>`,
);
export const pencilIcon = icon(svg`<path d="m5 19 .8-3.8L15.7 5.3a2.1 2.1 0 0 1 3 3L8.8 18.2zM13.5 7.5l3 3"/>`);
export const redoIcon = icon(svg`<path d="M19 12a7 7 0 1 1-2-4.9L19 9M19 4.5V9h-4.5"/>`);
export const moreIcon = icon(
  svg`<circle cx="5.5" cy="12" r="1.2"/><circle cx="12" cy="12" r="1.2"/><circle cx="18.5" cy="12" r="1.2"/>`,
);
export const pinIcon = icon(svg`<path d="M9 4h6l-.8 6.2L17.5 14h-11l3.3-3.8zM12 14v6"/>`);
export const archiveIcon = icon(
  svg`<path d="M4 5h16v4H4zM5.5 9v8.5A1.5 1.5 0 0 0 7 19h10a1.5 1.5 0 0 0 1.5-1.5V9M10 13h4"/>`,
);
export const modelsIcon = icon(
  svg`<path d="M12 3.5 13.8 9l5.7 1.8-5.7 1.9L12 18.3l-1.8-5.6-5.7-1.9L10.2 9zM18.5 16.5l.7 2 2 .7-2 .7-.7 2-.7-2-2-.7 2-.7z"/>`,
);
export const clockIcon = icon(svg`<circle cx="12" cy="12" r="8"/><path d="M12 7.5V12l3 2"/>`);
export const bellIcon = icon(svg`<path d="M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 20.5h4"/>`);
export const bellOffIcon = icon(svg`<path d="M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 20.5h4M4.5 4.5l15 15"/>`);
export const sunIcon = icon(
  svg`<circle cx="12" cy="12" r="4"/><path d="M12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M18.4 5.6l-1.1 1.1M6.7 17.3l-1.1 1.1"/>`,
);
export const moonIcon = icon(svg`<path d="M20 14.2A8.2 8.2 0 0 1 9.8 4a8.2 8.2 0 1 0 10.2 10.2z"/>`);
export const screenIcon = icon(
  svg`<rect x="3.5" y="5" width="17" height="11.5" rx="2"/><path d="M9 20h6M12 16.5V20"/>`,
);
export const overviewIcon = icon(
  svg`<path d="M4 18a8.5 8.5 0 1 1 16 0M12 16.5l3.5-5"/><circle cx="12" cy="17" r="1.2"/>`,
);
export const sessionsIcon = icon(svg`<path d="M4 6.5h16M4 12h16M4 17.5h10"/>`, true);
export const agentsIcon = icon(
  svg`<rect x="5" y="8" width="14" height="11" rx="3"/><path d="M12 8V4.5M9.5 12.5v1.5M14.5 12.5v1.5M2.5 12.5v3M21.5 12.5v3"/>`,
);
export const downIcon = icon(svg`<path d="M12 5v14M5.5 12.5 12 19l6.5-6.5"/>`);
export const chevronIcon = icon(svg`<path d="m9 6 6 6-6 6"/>`, true);
export const canvasIcon = icon(svg`<rect x="3.5" y="5" width="17" height="14" rx="2"/><path d="M13 5v14"/>`, true);
export const tabIcon = icon(
  svg`<path d="M10 5H6.5A1.5 1.5 0 0 0 5 6.5v11A1.5 1.5 0 0 0 6.5 19h11a1.5 1.5 0 0 0 1.5-1.5V14M14 4.5h5.5V10M19 5l-8 8"/>`,
  true,
);
export const devicesIcon = icon(
  svg`<rect x="3.5" y="5" width="12" height="9.5" rx="1.5"/><path d="M7 18.5h5"/><rect x="15" y="9.5" width="5.5" height="10" rx="1.5"/>`,
);
export const settingsIcon = icon(
  svg`<path d="M4 7h9M17.5 7H20M4 17h2.5M11 17h9"/><circle cx="15" cy="7" r="2.3"/><circle cx="8.5" cy="17" r="2.3"/>`,
);
export const logsIcon = icon(svg`<path d="M5 6h14M5 10.5h14M5 15h9M5 19.5h11"/>`, true);
export const usageIcon = icon(svg`<path d="M4.5 19.5h15M7 16v-5M12 16V6M17 16v-8"/>`);
export const runsIcon = icon(svg`<circle cx="12" cy="12" r="8"/><path d="M10 8.8v6.4l5-3.2z"/>`);
export const toolIcon = icon(
  svg`<path d="M14.5 6.5a4 4 0 0 1 5-1l-2.6 2.6.4 1.6 1.6.4L21.5 7.5a4 4 0 0 1-5.6 4.6L8.4 19.6a2 2 0 0 1-3-3l7.6-7.4a4 4 0 0 1 1.5-2.7z"/>`,
);
export const thoughtIcon = icon(
  svg`<path d="M9.5 18h5M10 21h4M12 3a6 6 0 0 0-3.6 10.8c.7.6 1.1 1.3 1.1 2.2h5c0-.9.4-1.6 1.1-2.2A6 6 0 0 0 12 3z"/>`,
);
export const shieldIcon = icon(
  svg`<path d="M12 3.5 5 6v5.5c0 4.2 2.9 7.4 7 9 4.1-1.6 7-4.8 7-9V6zM9.2 12l2 2 3.6-4"/>`,
);
export const fileIcon = icon(
  svg`<path d="M13.5 4H7.5A1.5 1.5 0 0 0 6 5.5v13A1.5 1.5 0 0 0 7.5 20h9a1.5 1.5 0 0 0 1.5-1.5V8.5zM13.5 4v4.5H18"/>`,
);
export const warnIcon = icon(svg`<path d="M12 4.5 21 19.5H3zM12 10v4.5M12 17v.1"/>`);
export const exitIcon = icon(
  svg`<path d="M10 5H6.5A1.5 1.5 0 0 0 5 6.5v11A1.5 1.5 0 0 0 6.5 19H10M14.5 8l4 4-4 4M18 12H9.5"/>`,
  true,
);
export const channelsIcon = icon(
  svg`<path d="M5 5.5h9A1.5 1.5 0 0 1 15.5 7v4a1.5 1.5 0 0 1-1.5 1.5H9L5.5 15v-2.5H5A1.5 1.5 0 0 1 3.5 11V7A1.5 1.5 0 0 1 5 5.5zM18.5 9.5h.5a1.5 1.5 0 0 1 1.5 1.5v4a1.5 1.5 0 0 1-1.5 1.5h-.5V19L15 16.5h-3.5"/>`,
);
export const globeIcon = icon(
  svg`<circle cx="12" cy="12" r="8"/><path d="M4 12h16M12 4c2.2 2.2 3.3 4.9 3.3 8s-1.1 5.8-3.3 8c-2.2-2.2-3.3-4.9-3.3-8S9.8 6.2 12 4z"/>`,
);
export const claws = html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
  <path d="M16 28c-5 0-8.5-3.2-8.5-7.6 0-3 1.7-5.2 3.6-6.7-3-.4-6.3-2.6-6.3-6.2C4.8 5 6.4 3 8.4 3c-.4 1.9.3 3.3 1.7 3.8.2-1.5 1-2.8 2.5-3.4.9 2.2.5 4.2.3 6.2a9 9 0 0 1 6.2 0c-.2-2-.6-4 .3-6.2 1.5.6 2.3 1.9 2.5 3.4 1.4-.5 2.1-1.9 1.7-3.8 2 0 3.6 2 3.6 4.5 0 3.6-3.3 5.8-6.3 6.2 1.9 1.5 3.6 3.7 3.6 6.7C24.5 24.8 21 28 16 28z"/>
</svg>`;
