/** Opens an address in the browser of the person at this terminal. */
import { spawn } from "node:child_process";
import { ignore } from "../../base/errors.ts";

/** Whether a browser was asked to open it; there may be none. */
export function openInBrowser(url: string, env: NodeJS.ProcessEnv): boolean {
  const command = { darwin: "open", win32: "explorer" }[process.platform as string] ?? "xdg-open";
  if (command === "xdg-open" && !env.DISPLAY && !env.WAYLAND_DISPLAY) return false;
  const child = spawn(command, [url], { stdio: "ignore", detached: true });
  child.on("error", (error) => ignore(error, "no opener on this machine: the address is printed all the same"));
  child.unref();
  return true;
}
