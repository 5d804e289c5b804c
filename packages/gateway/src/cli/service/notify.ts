/**
 * Tells systemd that the gateway is ready, and goes on telling that it lives. Node has no sockets of the kind that systemd
 * listens on, so the program `systemd-notify` is asked. Only a gateway that answers its own port says that it lives: one whose
 * event loop is stuck must be restarted. Source: sd_notify(3), systemd-notify(1).
 */

import { spawn } from "node:child_process";
import { ignore } from "../../base/errors.ts";
import { answersHealth } from "./healthz.ts";

/** Says that the gateway is ready; with a watchdog, until disposed that it lives. Does nothing outside of such a service. */
export function tellSystemd(env: NodeJS.ProcessEnv, address: () => string): Disposable {
  if (!env.NOTIFY_SOCKET) return { [Symbol.dispose]() {} };
  notify(["--ready", `--pid=${process.pid}`], env);
  const limitMs = Number(env.WATCHDOG_USEC) / 1_000;
  if (!(limitMs > 0)) return { [Symbol.dispose]() {} };
  const timer = setInterval(() => {
    const tell = (isWell: boolean) => isWell && notify(["WATCHDOG=1", `--pid=${process.pid}`], env);
    answersHealth(address(), limitMs / 4).then(tell, (error) => ignore(error, "systemd restarts what says nothing"));
  }, limitMs / 3);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function notify(args: readonly string[], env: NodeJS.ProcessEnv): void {
  const child = spawn("systemd-notify", [...args], { env, stdio: "ignore" });
  child.once("error", (error) => ignore(error, "without the program nobody is told; the unit's time limit says so"));
  child.unref();
}
