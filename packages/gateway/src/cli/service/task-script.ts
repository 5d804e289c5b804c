/** What the task scheduler of Windows runs: a script that sets the environment, starts the program, and starts it again. */

import { usageError } from "../language/exit.ts";
import { type ServiceKind, type ServicePlan, serviceDescription } from "./service.ts";

/** The name of the task: `Moltbot Gateway`, or `Moltbot Gateway (work)` of a profile. */
export function taskName(kind: ServiceKind, profile: string | undefined): string {
  const of = kind === "gateway" ? "Gateway" : "Node";
  return `Moltbot ${of}${profile === undefined || profile === "default" ? "" : ` (${profile})`}`;
}

/**
 * The script. The scheduler does not start a task again that has ended, so the script does, but for a clean end (0) and for one
 * that a person must fix (78).
 */
export function taskScript(plan: ServicePlan): string {
  const lines = [
    "@echo off",
    `rem ${serviceDescription(plan)}`,
    ...Object.entries(plan.env).map(([name, value]) => `set "${name}=${inQuotes(value)}"`),
    ":again",
    `${plan.command.map(word).join(" ")} >> ${word(plan.logFile)} 2>&1`,
    "if %ERRORLEVEL% EQU 0 exit /b 0",
    "if %ERRORLEVEL% EQU 78 exit /b 78",
    "timeout /t 5 /nobreak >nul",
    "goto again",
  ];
  return `${lines.join("\r\n")}\r\n`;
}

/** The program that a script starts. */
export function programOfScript(text: string): string[] {
  const line = /^:again\r?\n([^\n]*) >> /m.exec(text)?.[1] ?? "";
  return [...line.matchAll(/"([^"]*)"/g)].map(([, each = ""]) => each.replaceAll("%%", "%"));
}

function word(text: string): string {
  return `"${inQuotes(text)}"`;
}

/** A value inside quotes. A quote or a line end cannot be written there. */
function inQuotes(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they would begin a line of their own
  if (/["\x00-\x1f\x7f]/.test(text))
    throw usageError("A path or setting of a service must not hold quotes or control characters.");
  return text.replaceAll("%", "%%");
}
