/** What native apps look for in the page, under the names of all three brands: their versions mix them. */
import { BRANDS, GLOBAL } from "../browser/brands.ts";

interface Parts {
  readonly applyMessages: (messages: unknown) => unknown;
  readonly reset: () => unknown;
  readonly getSurfaces: () => string[];
  readonly drawing: HTMLCanvasElement;
  readonly debug: HTMLElement;
  /** Called when somebody asks for the canvas to draw on. */
  readonly drawn: () => void;
}

export function defineGlobals({ applyMessages, reset, getSurfaces, drawing, debug, drawn }: Parts): void {
  fillWindow(drawing);
  let isDebug = false;
  let words = "";
  const showStatus = () => {
    debug.textContent = words;
    debug.hidden = !isDebug || words === "";
  };
  const api = { applyMessages, reset, getSurfaces };
  const page = {
    get canvas() {
      drawn();
      return drawing;
    },
    get ctx() {
      drawn();
      return drawing.getContext("2d");
    },
    setStatus(title?: unknown, subtitle?: unknown) {
      words = [title, subtitle].filter((each) => typeof each === "string" && each !== "").join(" · ");
      showStatus();
    },
    setDebugStatusEnabled(enabled: unknown) {
      isDebug = enabled === true;
      showStatus();
    },
  };
  for (const brand of BRANDS) {
    GLOBAL[`${brand}A2UI`] = api;
    GLOBAL[`__${brand}`] = page;
    const host = document.createElement(`${brand}-a2ui-host`);
    host.hidden = true;
    document.body.append(host);
  }
}

function fillWindow(canvas: HTMLCanvasElement): void {
  const fit = () => {
    const scale = devicePixelRatio || 1;
    canvas.width = Math.round(innerWidth * scale);
    canvas.height = Math.round(innerHeight * scale);
    canvas.getContext("2d")?.setTransform(scale, 0, 0, scale, 0, 0);
  };
  fit();
  addEventListener("resize", fit);
}
