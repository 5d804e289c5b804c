// Which address a call for a page of the canvas means. Pure functions.

import { badParams } from "../commands/failure.ts";

/** Where the canvas is under its base, which may carry a key in its path. */
const PAGES = "/__moltbot__/canvas/";
/** The gateway may give an address with another key than the one that this page was told. */
const KEY = /^\/__(?:clawdbot|moltbot|openclaw)__\/cap\/[^/]*(?=\/)/;
const A2UI = "/__moltbot__/a2ui/?platform=web";

/** The page that draws surfaces, which stands for no page at all. */
export function a2uiAddress(base: string): string {
  return withoutSlash(base) + A2UI;
}

/**
 * The address of a page of the canvas: a path under it, the scheme that apps use, or a whole address of the gateway. Throws
 * `NodeFailure` for other pages: this frame shows nobody else's.
 */
export function pageAddress(url: string, base: string): string {
  const wanted = url.trim();
  if (wanted === "" || wanted === "/") return a2uiAddress(base);
  const inApp = /^[a-z]+-canvas:\/\/[^/]*\/(.*)$/i.exec(wanted);
  const path = inApp ? inApp[1]! : pathIn(wanted, base);
  const root = withoutSlash(base);
  const isWhole = /^\/__[a-z]+__\//.test(path);
  const address = new URL(root + (isWhole ? path : PAGES + path.replace(/^\/+/, "")));
  if (address.href.startsWith(`${new URL(root).href.replace(/\/$/, "")}/__`)) return address.href;
  throw elsewhere();
}

function pathIn(wanted: string, base: string): string {
  if (!/^[a-z][a-z\d+.-]*:|^\/\//i.test(wanted)) return wanted;
  if (!URL.canParse(wanted, base)) throw elsewhere();
  const { origin, pathname, search, hash } = new URL(wanted, base);
  const { origin: own, pathname: key } = new URL(withoutSlash(base));
  if (origin !== own) throw elsewhere();
  const rest = key !== "/" && pathname.startsWith(`${key}/`) ? pathname.slice(key.length) : pathname;
  return rest.replace(KEY, "") + search + hash;
}

function elsewhere() {
  return badParams("this browser shows pages of the gateway's canvas alone; give a path under it");
}

function withoutSlash(base: string): string {
  return base.replace(/\/+$/, "");
}
