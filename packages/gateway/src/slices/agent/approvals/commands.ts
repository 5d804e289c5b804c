/** Commands with which people let devices in and commands run, from any conversation; each needs what its method needs. */
import { GatewayError, messageOf } from "../../../base/errors.ts";
import { visible } from "../../../base/text/visible.ts";
import { hasScope, type Scope } from "../../../kit/access.ts";
import { type Command, type CommandCall, firstWord, senderOf } from "../../../kit/command.ts";
import { literal } from "../../../kit/text/one-line.ts";
import type { Waiting } from "./pending.ts";
import type { Decision } from "./policy/policy.ts";
import { defineCommand, type Gateway } from "./slice.ts";

const WORDS: Readonly<Record<string, Decision>> = {
  "": "allow-once",
  once: "allow-once",
  allow: "allow-once",
  yes: "allow-once",
  "allow-once": "allow-once",
  always: "allow-always",
  "allow-always": "allow-always",
  no: "deny",
  deny: "deny",
  never: "deny",
};
const ANSWERS: Readonly<Record<Decision, string>> = {
  "allow-once": "Allowed once.",
  "allow-always": "Allowed, and from now on it runs without asking.",
  deny: "Denied.",
};

const approve = defineCommand({
  name: "approve",
  usage: "CODE [once | always | deny]",
  needs: ["operator.approvals", "operator.pairing"],
  summary: "allows a command that waits, or lets a waiting device in",
  run(call) {
    const { word, rest } = firstWord(call.args);
    const answer = rest.trim().toLowerCase();
    const decision = Object.hasOwn(WORDS, answer) ? WORDS[answer] : undefined;
    if (word === "") return waitingText(call);
    if (decision === undefined) return "Write `/approve CODE`, `/approve CODE always` or `/deny CODE`.";
    return decide(call, word, decision);
  },
});

const reject = defineCommand({
  name: "reject",
  aliases: ["deny"],
  usage: "CODE",
  needs: ["operator.approvals", "operator.pairing"],
  summary: "denies a command that waits, or turns a waiting device away",
  run(call) {
    const { word } = firstWord(call.args);
    return word === "" ? waitingText(call) : decide(call, word, "deny");
  },
});

function decide(call: CommandCall<Gateway>, word: string, decision: Decision): string {
  const { gateway, starter } = call;
  const waiting = holds(call, "operator.approvals") ? gateway.approvals.pending.find(word) : undefined;
  if (waiting) return decideCommand(call, waiting, decision);
  if (!holds(call, "operator.pairing")) return refusal(call);
  try {
    if (decision === "deny") {
      gateway.devices.reject(word);
      return "Turned away.";
    }
    const { device } = gateway.devices.approve(word, { scopes: new Set(starter.scopes) });
    return `${literal(device.displayName ?? "The device")} may connect now.`;
  } catch (error) {
    if (!(error instanceof GatewayError) || error.message !== "unknown requestId") throw error;
    return "Nothing waits under that code: it was answered already, or nobody answered in time.";
  }
}

function decideCommand({ gateway, starter }: CommandCall<Gateway>, waiting: Waiting, decision: Decision): string {
  const surface = senderOf(starter)?.split(":", 1)[0] ?? "chat";
  try {
    gateway.approvals.resolve(waiting.id, decision, { name: starter.name, surface });
  } catch (error) {
    return `That came too late: ${messageOf(error)}.`;
  }
  const { always } = waiting;
  if (decision !== "allow-always" || always === undefined) return ANSWERS[decision];
  if (!waiting.remembers) return `Allowed once, and asked for every time: ${visible(always)}.`;
  return `Allowed, and from now on it runs without asking: ${visible(always)}.`;
}

function waitingText(call: CommandCall<Gateway>): string {
  if (!holds(call, "operator.approvals")) return "Which request? `/devices` shows devices that wait.";
  const waiting = call.gateway.approvals.pending.list();
  if (waiting.length === 0) return "No command waits for approval. `/devices` shows devices that do.";
  const lines = waiting.map(({ code, request }) => `- \`${code}\`: \`${shortCommand(request.command)}\``);
  return `These wait:\n${lines.join("\n")}\n\n\`/approve CODE\`, \`/approve CODE always\` or \`/deny CODE\` decides.`;
}

function shortCommand(command: string): string {
  return visible(command.replace(/[`\s]+/g, " ")).slice(0, 120);
}

function holds({ starter }: Pick<CommandCall, "starter">, scope: Scope): boolean {
  return hasScope(new Set(starter.scopes), scope);
}

function refusal({ starter }: Pick<CommandCall, "starter">): string {
  return senderOf(starter) === undefined
    ? "This connection may not decide about that: it lacks the operator.pairing scope."
    : "Only the owner of this gateway decides about that.";
}

const allowlist = defineCommand({
  name: "allowlist",
  usage: "[add PROGRAM | remove ENTRY]",
  needs: "operator.admin",
  summary: "shows or changes what runs without being asked for",
  choices: () => ["add", "remove"],
  async run({ args, gateway: { approvals } }) {
    const { word, rest } = firstWord(args);
    const target = rest.trim();
    if (word === "add" && target !== "") {
      const [entry] = await approvals.allow({ pattern: target });
      return entry
        ? `\`${entry.pattern}\` runs without being asked for from now on.`
        : "It is on the allowlist already.";
    }
    if (word === "remove" && target !== "")
      return approvals.file.forget(target) > 0 ? "Removed." : "There is no such entry; `/allowlist` shows them.";
    if (word !== "" && word !== "list")
      return "Write `/allowlist`, `/allowlist add PROGRAM` or `/allowlist remove ENTRY`.";
    const lines = approvals.file.entries().map(({ agentId, entry: { id, pattern, args: only, exact, note = "" } }) => {
      const what = shortCommand(exact?.command ?? [pattern, ...(only ?? [])].join(" "));
      return `- \`${what}\`${agentId === "*" ? "" : ` for ${agentId}`}: ${visible(note)}${id ? ` (${id.slice(0, 8)}…)` : ""}`;
    });
    return lines.length === 0
      ? "The allowlist is empty: every command is asked for, but harmless ones."
      : lines.join("\n");
  },
});

export const commands: readonly Command[] = [approve, reject, allowlist];
