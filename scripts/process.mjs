// Child processes for the repository commands: which Node runs them, how signals reach them, how a failure is said.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root folder. */
export const root = fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "");

/** An error whose message is all the reader needs: no stack is shown, and the process ends with `exitCode`. */
export function explain(message, exitCode = 1) {
  return Object.assign(new Error(message), { exitCode });
}

/** The Node that runs the product: this one when it is 24 or newer, else the one pinned in package.json. */
export function findNode() {
  if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath;
  const pinned = join(root, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");
  if (existsSync(pinned)) return pinned;
  throw explain(
    `Node ${process.versions.node} is too old and the pinned Node 24 is missing from node_modules.\n` +
      "Delete node_modules and run the command again, or install Node 24 or newer.",
  );
}

/**
 * Runs `node args…` in the foreground with Node 24 first on PATH, passes SIGINT, SIGTERM and SIGHUP on, and resolves to
 * its exit code (128 + number for a signal, as a shell does).
 */
export function runNode(args, { env = {} } = {}) {
  const node = findNode();
  const path = [join(root, "node_modules", ".bin"), process.env.PATH ?? ""].join(delimiter);
  const child = spawn(node, args, { cwd: root, stdio: "inherit", env: { ...process.env, PATH: path, ...env } });
  const passOn = (signal) => child.kill(signal);
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, passOn);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      for (const each of signals) process.off(each, passOn);
      resolve(code ?? 128 + signalNumber(signal));
    });
  });
}

/** Runs a tool from node_modules by its package's own script, e.g. `runTool("typescript/bin/tsc", ["-p", "."])`. */
export function runTool(script, args) {
  return runNode([join(root, "node_modules", script), ...args]);
}

function signalNumber(signal) {
  return { SIGHUP: 1, SIGINT: 2, SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11, SIGTERM: 15 }[signal] ?? 0;
}
