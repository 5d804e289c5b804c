/** Gets what a skill needs: one bounded run of a package manager, never through a shell; or one download. */

import { invalidRequest } from "../../../base/errors.ts";
import type { Env } from "../../../base/files.ts";
import type { Clock } from "../../../base/time/clock.ts";
import { findProgram } from "./eligibility.ts";
import type { InstallStep } from "./manifest.ts";
import { runProgram } from "./run-program.ts";

/** How an installation went. */
export interface InstallResult {
  readonly ok: boolean;
  readonly message: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

export interface InstallOptions {
  readonly clock: Clock;
  readonly env: Env;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly nodeManager: "npm" | "pnpm" | "yarn" | "bun";
  /** Where downloads go. */
  readonly folder: string;
}

/** Where to get the installers themselves. */
const WHERE: Readonly<Record<string, string>> = {
  brew: "https://brew.sh",
  go: "https://go.dev/dl",
  uv: "https://docs.astral.sh/uv",
  npm: "https://nodejs.org",
};

/** Runs one way to install. Throws `INVALID_REQUEST` when what it names is no formula, package, module or address. */
export async function installStep(step: InstallStep, options: InstallOptions): Promise<InstallResult> {
  if (step.os.length > 0 && !step.os.includes(process.platform))
    return failed(`${step.label}: this is for ${step.os.join(", ")}, and here is ${process.platform}`);
  if (step.kind === "download") {
    const { download } = await import("./download.ts");
    return await download(step, options);
  }
  const [program, ...args] = commandOf(step, options.nodeManager);
  if (!findProgram(program!, options.env)) {
    const where = WHERE[program!];
    return failed(
      `the program ${program} is not installed here${where === undefined ? "" : ` (see ${where})`}; install it, then try again`,
    );
  }
  const { code, why, stdout, stderr } = await runProgram(program!, args, options);
  const ok = code === 0;
  const missing = step.bins.filter((name) => !findProgram(name, options.env));
  const hint = missing.length > 0 ? `; ${missing.join(", ")} cannot be found on PATH yet` : "";
  return { ok, message: ok ? `installed ${step.what}${hint}` : `${program} ${why}`, stdout, stderr, code };
}

/** A way that could not be gone. */
export function failed(message: string): InstallResult {
  return { ok: false, message, stdout: "", stderr: "", code: null };
}

const NODE: Readonly<Record<InstallOptions["nodeManager"], readonly string[]>> = {
  npm: ["npm", "install", "--global", "--ignore-scripts"],
  pnpm: ["pnpm", "add", "--global", "--ignore-scripts"],
  yarn: ["yarn", "global", "add", "--ignore-scripts"],
  bun: ["bun", "add", "--global", "--ignore-scripts"],
};

/** Program and arguments. What a skill names is one argument and cannot be taken for a flag. */
function commandOf({ kind, what }: InstallStep, nodeManager: InstallOptions["nodeManager"]): readonly string[] {
  switch (kind) {
    case "brew":
      return ["brew", "install", checked(what, /^[A-Za-z0-9][A-Za-z0-9@+._/-]*$/, "formula")];
    case "node":
      return [...NODE[nodeManager], checked(what, /^@?[A-Za-z0-9][A-Za-z0-9@._/^~-]*$/, "package")];
    case "go":
      return ["go", "install", checked(what, /^[A-Za-z0-9][A-Za-z0-9@._~/+-]*$/, "module")];
    case "uv":
      return ["uv", "tool", "install", checked(what, /^[A-Za-z0-9][A-Za-z0-9._,<>=!~[\]-]*$/, "package")];
    case "download":
      throw new TypeError("downloads run no program");
  }
}

function checked(what: string, pattern: RegExp, kind: string): string {
  if (pattern.test(what)) return what;
  throw invalidRequest(`${JSON.stringify(what.slice(0, 100))} is not the name of a ${kind}`);
}
