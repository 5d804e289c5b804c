/** Finds programs of this machine. It is loaded at the start, so it loads nothing itself. */
import { accessSync, constants, statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { ignore } from "../../base/errors.ts";
import type { Env } from "../../base/files.ts";

/** The program that shows notifications here; undefined when there is none. */
export function notifyProgram(env: Env): string | undefined {
  return whichIn(env, process.platform === "darwin" ? "osascript" : "notify-send");
}

/** Where distributions put browsers that can be steered, in the order of preference. */
const BROWSERS = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "microsoft-edge"];
const MAC_BROWSER = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/** The browser that may be steered: the program that is wanted, or one that is found; undefined for `off` and none. */
export function browserProgram(env: Env, wanted?: string): string | undefined {
  if (wanted === "off") return undefined;
  if (wanted !== undefined) return wanted.includes("/") ? resolve(wanted) : (whichIn(env, wanted) ?? wanted);
  const found = BROWSERS.map((name) => whichIn(env, name)).find((path) => path !== undefined);
  return found ?? (process.platform === "darwin" && isProgram(MAC_BROWSER) ? MAC_BROWSER : undefined);
}

/** The path of a program, as a shell would find it. */
export function whichIn(env: Env, name: string): string | undefined {
  if (name === "" || name.includes("/")) return undefined;
  const folders = (env.PATH ?? "").split(":").filter((folder) => isAbsolute(folder));
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch (error) {
    ignore(error, "the next folder is looked at");
    return false;
  }
}
