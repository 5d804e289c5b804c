/** Small commands about this machine: where programs are, notifications, and its rules for commands. */
import { GatewayError, messageOf } from "../../base/errors.ts";
import type { Env } from "../../base/files.ts";
import { childEnv } from "../../base/process/child.ts";
import type { Clock } from "../../base/time/clock.ts";
import type { NodeCommand } from "./command.ts";
import type { ExecPolicy } from "./exec-policy.ts";
import { badParams, NodeFailure } from "./failure.ts";
import { requiredText, text, texts } from "./params.ts";
import { runProgram } from "./program.ts";
import { whichIn } from "./which.ts";

const NOTIFY_MS = 10_000;
const URGENCY: Readonly<Record<string, string>> = { passive: "low", active: "normal", timeSensitive: "critical" };

/** `system.which`: the paths of programs by name; those that are not there are left out. */
export function systemWhich(env: Env): NodeCommand {
  return {
    name: "system.which",
    cap: "system",
    async run({ params }) {
      const found = texts(params, "bins").flatMap((name) => {
        const path = whichIn(env, name.trim());
        return path === undefined ? [] : [[name, path] as const];
      });
      return { bins: Object.fromEntries(found) };
    },
  };
}

/** `system.notify` by a program of this machine. */
export function systemNotify(program: string, env: Env, clock: Clock): NodeCommand {
  return {
    name: "system.notify",
    cap: "system",
    async run({ params, signal }) {
      const title = requiredText(params, "title");
      const body = text(params, "body") ?? "";
      const urgency = URGENCY[text(params, "priority") ?? "active"] ?? "normal";
      const argv = notifyArgv(program, { title, body, urgency });
      const shown = await runProgram(
        {
          argv,
          cwd: "/",
          env: { ...childEnv(env, {}, ["DISPLAY", "DBUS_SESSION_BUS_ADDRESS"]) },
          timeoutMs: NOTIFY_MS,
        },
        { clock, signal, onOutput: () => {} },
      );
      if (!shown.success)
        throw new NodeFailure(
          "UNAVAILABLE",
          `NOTIFY_FAILED: ${shown.error ?? (shown.stderr.trim() || "it was not shown")}`,
        );
      return { ok: true };
    },
  };
}

/** What is said goes in as arguments, never as a part of a script. */
function notifyArgv(
  program: string,
  { title, body, urgency }: { title: string; body: string; urgency: string },
): [string, ...string[]] {
  if (process.platform !== "darwin") return [program, "--urgency", urgency, "--", title, body];
  const script = "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run";
  return [program, "-e", script, title, body];
}

/** `system.execApprovals.get` and `.set`: the gateway lets only administrators through. */
export function execApprovals(policy: ExecPolicy): NodeCommand[] {
  return [
    { name: "system.execApprovals.get", cap: "system", run: async () => policy.file.snapshot() },
    {
      name: "system.execApprovals.set",
      cap: "system",
      async run({ params }) {
        try {
          // The file checks its whole content against its schema.
          policy.file.set(params.file as Parameters<typeof policy.file.set>[0], text(params, "baseHash"));
        } catch (error) {
          if (error instanceof GatewayError && error.code === "INVALID_REQUEST") throw badParams(messageOf(error));
          throw error;
        }
        return policy.file.snapshot();
      },
    },
  ];
}
