/** The files that the build makes for browsers, in the folder `a2ui` beside the gateway's own file. */
export const PAGE_FILES = {
  /** The A2UI page. It loads the two files below from its own folder. */
  page: "index.html",
  bundle: "a2ui.bundle.js",
  style: "a2ui.css",
  /** A classic script for pages of a canvas: actions of buttons, and live reload. */
  canvasScript: "canvas.js",
} as const;
