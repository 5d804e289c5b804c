/** `moltbot approvals` — commands that agents want to run: which wait, what was decided, what needs no approval. */

import type { AllowlistEntry } from "@moltbot/protocol";
import { defined } from "../../base/defined.ts";
import { visible } from "../../base/text/visible.ts";
import { oneLine, requestText } from "../approvals/show.ts";
import { watch } from "../approvals/watch.ts";
import { type Call, defineCommand, defineGroup } from "../language/command.ts";
import { agentFlag } from "../language/common-flags.ts";
import { CliError, usageError } from "../language/exit.ts";
import { type Link, withGateway } from "../reach/connect.ts";
import { ago, duration, table } from "../terminal/render.ts";

const list = defineCommand({
  summary: "List the commands that wait, and what was decided lately",
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { out, flags } = call;
      const [pending, { items: recent }] = await Promise.all([
        client.request("exec.approval.list", {}, { timeoutMs }),
        client.request("approval.history", {}, { timeoutMs }),
      ]);
      if (flags.json) return out.json({ pending, recent });
      if (pending.length === 0) out.print("No command waits for approval.");
      else {
        const columns = [
          { title: "Code", paint: out.style.cyan },
          { title: "Command", flexible: true },
          { title: "Agent" },
          { title: "Good for", align: "right" as const },
        ];
        const rows = pending.map(({ id, code, request, expiresAtMs }) => [
          ...[code ?? id, oneLine(request.command, 200), request.agentId ?? ""],
          duration(Math.max(0, expiresAtMs - Date.now())),
        ]);
        out.print(table(columns, rows, out));
        out.print(out.style.dim("`moltbot approvals show CODE` shows one; `approve CODE` and `deny CODE` decide."));
      }
      if (recent.length === 0) return;
      out.print(`\n${out.style.bold("Decided")}`);
      const columns = [
        { title: "When" },
        {
          title: "Decision",
          paint: (cell: string) => (cell.startsWith("allow") ? out.style.green : out.style.red)(cell),
        },
        { title: "By", flexible: true },
        { title: "Command", flexible: true },
      ];
      const rows = recent.map(({ decidedAt, decision, by, surface, command }) => [
        ...[ago(decidedAt), decision, whoOf(by, surface), oneLine(command, 200)],
      ]);
      out.print(table(columns, rows, out));
    }),
});

const show = defineCommand({
  summary: "Show all of a command that waits",
  positionals: [{ name: "CODE", completes: "approval" }],
  run: (call) =>
    withGateway(call, async (link) => {
      const request = await find(call, link);
      if (call.flags.json) return call.out.json(request);
      call.out.print(requestText(request, call.out));
    }),
});

const approveFlags = {
  always: { kind: "switch", summary: "Allow exactly this command from now on" },
} as const;

const approve = defineCommand({
  summary: "Allow a command that waits, or the only one",
  positionals: [{ name: "CODE", optional: true, completes: "approval" }],
  flags: approveFlags,
  examples: ["moltbot approvals approve K7M2QX", "moltbot approvals approve K7M2QX --always"],
  run: (call) => withGateway(call, (link) => decide(call, link, call.flags.always ? "allow-always" : "allow-once")),
});

const deny = defineCommand({
  summary: "Deny a command that waits, or the only one",
  positionals: [{ name: "CODE", optional: true, completes: "approval" }],
  run: (call) => withGateway(call, (link) => decide(call, link, "deny")),
});

const allowlistFlags = {
  agent: { ...agentFlag.agent, summary: "For this agent only" },
} as const;

const allowlist = defineCommand({
  summary: "Show or change what runs without approval",
  positionals: [
    { name: "add|remove", optional: true, choices: ["add", "remove"] },
    { name: "ENTRY", optional: true },
  ],
  flags: allowlistFlags,
  examples: [
    "moltbot approvals allowlist",
    "moltbot approvals allowlist add ls",
    "moltbot approvals allowlist add cat --agent work",
    "moltbot approvals allowlist remove /usr/bin/ls",
  ],
  run: (call) => withGateway(call, (link) => changeAllowlist(call, link)),
});

async function changeAllowlist({ out, flags, words }: Call<typeof allowlistFlags>, { client, timeoutMs }: Link) {
  const [action, target] = words;
  if (action === undefined || action === "list") {
    const { entries } = await client.request("exec.allowlist.list", {}, { timeoutMs });
    if (flags.json) return out.json({ entries });
    if (entries.length === 0)
      return out.print("The allowlist is empty. Put a program on it with `moltbot approvals allowlist add NAME`.");
    const columns = [
      { title: "Program" },
      { title: "Only as", flexible: true },
      { title: "Rule", flexible: true },
      { title: "Agent" },
      { title: "Used" },
    ];
    const rows = entries.map(({ agentId, entry }) => [
      ...[visible(entry.pattern), oneLine(entry.exact?.command ?? entry.args?.join(" ") ?? "", 200), ruleOf(entry)],
      ...[agentId === "*" ? "all" : agentId, ago(entry.lastUsedAt)],
    ]);
    if (entries.some((listed) => isWide(listed.entry)))
      out.note("What is wider than today's rule is asked for again; “always” then keeps the exact command.");
    return out.print(table(columns, rows, out));
  }
  if (action !== "add" && action !== "remove") throw usageError(`Write add or remove, not ${JSON.stringify(action)}.`);
  if (target === undefined) throw usageError(`Which program? Write \`moltbot approvals allowlist ${action} NAME\`.`);
  if (action === "remove") {
    const answer = await client.request("exec.allowlist.remove", { entry: target }, { timeoutMs });
    return flags.json ? out.json(answer) : out.print(`Removed: ${visible(target)} is asked for from now on.`);
  }
  const params = { pattern: target, ...defined({ agentId: flags.agent }) };
  const answer = await client.request("exec.allowlist.add", params, { timeoutMs });
  if (flags.json) return out.json(answer);
  const [added] = answer.added;
  out.print(added ? `${visible(added.pattern)} runs without approval from now on.` : "It is on the allowlist already.");
}

/** Whether an entry is of the older kind, which says less than it would allow. */
function isWide({ note = "" }: AllowlistEntry): boolean {
  return note.startsWith("wider");
}

function ruleOf(entry: AllowlistEntry): string {
  if (entry.exact !== undefined) return `in ${visible(entry.exact.cwd)}`;
  return isWide(entry) ? "wider than today's rule" : "any arguments";
}

/** Who decided, and where when that is not the same word. */
function whoOf(by: string | null, surface: string | null): string {
  if (by === null) return "";
  return oneLine(surface === null || surface === by ? by : `${by} (${surface})`, 40);
}

/** The request that is named, else the only one that waits. */
async function find({ words }: Pick<Call, "words">, { client, timeoutMs }: Link) {
  const [word] = words;
  const pending = await client.request("exec.approval.list", {}, { timeoutMs });
  if (word === undefined) {
    const [only, ...others] = pending;
    if (only && others.length === 0) return only;
    throw usageError(
      only ? "Several commands wait; name one. See `moltbot approvals`." : "No command waits for approval.",
    );
  }
  const found = pending.find(({ id, code }) => id === word || code === word.toUpperCase());
  if (found) return found;
  throw new CliError(`No command waits under ${JSON.stringify(word)}: it was answered, or nobody answered in time.`);
}

async function decide(call: Pick<Call, "words" | "flags" | "out">, link: Link, decision: string): Promise<void> {
  const { out, flags } = call;
  const request = await find(call, link);
  const { client, timeoutMs } = link;
  await client.request("exec.approval.resolve", { id: request.id, decision }, { timeoutMs });
  if (flags.json) return out.json({ id: request.id, decision });
  const command = oneLine(request.request.command, 120);
  if (decision === "deny") return out.print(`Denied: ${command}`);
  out.print(`Allowed${decision === "allow-always" && request.remembers ? " for good" : " once"}: ${command}`);
  if (decision === "allow-always" && !request.remembers)
    out.note(`It is asked for again the next time: ${visible(request.always ?? "it cannot be told what it does")}.`);
}

/** Commands that agents want to run. */
export const approvals = defineGroup({
  summary: "Approve commands that agents want to run",
  alone: list,
  commands: {
    list,
    show,
    approve,
    deny,
    allowlist,
    watch: defineCommand({
      summary: "Follow the commands that wait, and answer here",
      run: (call) => withGateway(call, (link) => watch(call, link), { reconnect: true }),
    }),
  },
});
