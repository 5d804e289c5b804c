/** The addresses of the canvas, in the spellings of three brands and with or without a capability (protocol: HTTP surface). */

export type Brand = "clawdbot" | "moltbot" | "openclaw";

/** What a path asks for. `rest` is what follows the area: "" or "/…". */
export type Target = Area | { readonly kind: "reload" | "surface"; readonly brand: Brand } | { readonly kind: "none" };

/** A place with files in it. */
export interface Area {
  readonly kind: "canvas" | "a2ui";
  readonly brand: Brand;
  readonly rest: string;
}

export interface Asked {
  readonly target: Target;
  /** The capability in the path. */
  readonly token: string | undefined;
  /** What comes before the target: "" or "/__openclaw__/cap/TOKEN". */
  readonly prefix: string;
}

const OURS = /^\/__(?:clawdbot|moltbot|openclaw)(?:__)?\/(?:canvas|a2ui|ws|cap)(?:\/|$)/;
const CAPABILITY = /^(\/__(?:clawdbot|moltbot|openclaw)__\/cap\/([^/]*))(.*)$/;
const SOCKET = /^\/__(clawdbot|moltbot|openclaw)(?:__)?\/ws$/;
const AREA = /^\/__(clawdbot|moltbot|openclaw)__\/(canvas|a2ui)(|\/.*)$/;

/** Whether a path belongs to the canvas. */
export function isCanvasPath(path: string): boolean {
  return OURS.test(path);
}

/** The base of all addresses that a capability opens. */
export function capabilityPath(token: string): string {
  return `/__openclaw__/cap/${token}`;
}

/** Reads a path that has been decoded. */
export function readPath(path: string): Asked {
  const [, prefix = "", token, rest = path] = CAPABILITY.exec(path) ?? [];
  return { target: targetOf(rest), token, prefix };
}

function targetOf(path: string): Target {
  const socket = SOCKET.exec(path);
  if (socket) return { kind: "reload", brand: socket[1] as Brand };
  const [, brand, area, rest = ""] = AREA.exec(path) ?? [];
  if (brand === undefined) return { kind: "none" };
  if (area === "a2ui" && rest === "/ws") return { kind: "surface", brand: brand as Brand };
  return { kind: area as "canvas" | "a2ui", brand: brand as Brand, rest };
}
