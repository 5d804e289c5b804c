/** `moltbot nodes run` — runs a program on a node; where the node asks for approval, a person is asked first. */
import { ResponseError } from "@moltbot/protocol";
import { isRecord } from "../../base/config/config.ts";
import { defined } from "../../base/defined.ts";
import { defineCommand } from "../language/command.ts";
import { CliError, EXIT, usageError } from "../language/exit.ts";
import { withGateway } from "../reach/connect.ts";
import type { Output } from "../terminal/output.ts";
import { printable } from "../terminal/render.ts";
import { chosenNode, invokeNode } from "./invoke.ts";

const RUN_MS = 30_000;
const APPROVAL_MS = 120_000;

export const run = defineCommand({
  summary: "Run a program on a node",
  positionals: [{ name: "COMMAND", rest: true, optional: true }],
  flags: {
    node: { kind: "text", value: "NODE", summary: "The node: its id, the beginning of it, or its name" },
    cwd: { kind: "text", value: "DIR", summary: "The folder on the node to start in" },
    env: { kind: "list", value: "NAME=VALUE", summary: "A variable of its environment; may be given several times" },
    raw: { kind: "text", value: "TEXT", summary: "A line for the node's shell, instead of COMMAND" },
    agent: { kind: "text", value: "ID", summary: "The agent whose rules hold on the node", completes: "agent" },
    "command-timeout": { kind: "number", value: "MS", summary: "How long the program may take (30000)" },
  },
  examples: ["moltbot nodes run --node kitchen -- uname -a", 'moltbot nodes run --node kitchen --raw "df -h | head"'],
  run: (call) =>
    withGateway(call, async (link) => {
      const { flags, words, out } = call;
      const command = flags.raw === undefined ? words : ["/bin/sh", "-lc", flags.raw];
      if (command.length === 0) throw usageError("Say what to run: moltbot nodes run --node NODE -- COMMAND.");
      const node = await chosenNode(link, flags.node, "system.run");
      const programMs = flags["command-timeout"] ?? RUN_MS;
      const params = {
        ...{ command, timeoutMs: programMs },
        ...defined({ cwd: flags.cwd, agentId: flags.agent, rawCommand: flags.raw }),
        ...(flags.env.length > 0 && { env: variables(flags.env) }),
      };
      let hasStreamed = false;
      const onProgress = (chunk: string) => {
        if (flags.json) return;
        hasStreamed = true;
        void out.stream(chunk);
      };
      const start = () =>
        invokeNode(link, { node, command: "system.run", params, timeoutMs: programMs + 5_000 }, onProgress);
      const result = await start().catch(async (error: unknown) => {
        if (!needsApproval(error)) throw error;
        out.note(
          `It needs approval: ${shownCommand(command, flags.raw)}. Allow it in WebChat, or with \`moltbot approvals\`.`,
        );
        const request = {
          ...{ command: shownCommand(command, flags.raw), cwd: flags.cwd ?? null, host: "node" },
          ...{ agentId: flags.agent ?? null, timeoutMs: APPROVAL_MS },
        };
        const { decision } = await link.client.request("exec.approval.request", request, {
          timeoutMs: APPROVAL_MS + 5_000,
        });
        if (decision === null)
          throw new CliError("Nobody allowed it within two minutes; it was not run.", EXIT.timeout);
        if (decision === "deny") throw new CliError("It was not run: somebody said no.", EXIT.unauthorised);
        return await start();
      });
      if (flags.json) return out.json(result);
      return shown(result, { out, hasStreamed });
    }),
});

function shown(
  result: unknown,
  { out, hasStreamed }: { out: Pick<Output, "isTerminal" | "raw" | "note">; hasStreamed: boolean },
) {
  const { stdout = "", stderr = "", exitCode, timedOut, error, success } = isRecord(result) ? result : {};
  if (!hasStreamed) {
    // A program's output goes to other programs as it is, and to a terminal without what would steer it.
    const shownText = (text: string) => (out.isTerminal ? printable(text) : text);
    if (typeof stdout === "string" && stdout !== "") out.raw(shownText(stdout.replace(/\n$/, "")));
    if (typeof stderr === "string" && stderr !== "") out.note(printable(stderr.trimEnd()));
  }
  if (timedOut === true) out.note("It was ended because its time was up; allow more with --command-timeout.");
  else if (typeof error === "string") out.note(printable(`It could not be started: ${error}`));
  else if (success !== true) out.note(`It ended with exit code ${String(exitCode)}.`);
  return success === true ? EXIT.ok : EXIT.failed;
}

function needsApproval(error: unknown): boolean {
  return error instanceof ResponseError && error.message.includes("approval required");
}

/** The program as the approval shows it; the gateway matches this text. */
function shownCommand(command: readonly string[], raw: string | undefined): string {
  if (raw !== undefined) return raw;
  return command.map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}

function variables(given: readonly string[]): Record<string, string> {
  const entries = given.map((each): [string, string] => {
    const at = each.indexOf("=");
    if (at <= 0) throw usageError(`--env takes NAME=VALUE, not ${JSON.stringify(each)}.`);
    return [each.slice(0, at), each.slice(at + 1)];
  });
  return Object.fromEntries(entries);
}
