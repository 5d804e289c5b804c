/** `moltbot agent --message …` — one turn of the agent, its reply on stdout as it comes. */

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { defined } from "../../base/defined.ts";
import { tellOfApprovals } from "../approvals/tell.ts";
import { type Call, defineCommand, defineGroup } from "../language/command.ts";
import { agentFlag, sessionFlag } from "../language/common-flags.ts";
import { usageError } from "../language/exit.ts";
import { type Link, withGateway } from "../reach/connect.ts";
import { MarkdownWriter } from "../terminal/markdown.ts";
import { agentPrompt } from "./agent-prompt.ts";

const agentFlags = {
  message: { kind: "text", short: "m", value: "TEXT", summary: "What to say; - reads it from stdin" },
  ...sessionFlag,
  ...agentFlag,
  thinking: {
    kind: "text",
    value: "LEVEL",
    summary: "How long the model thinks",
    choices: ["off", "minimal", "low", "medium", "high", "xhigh"],
  },
  timeout: { kind: "number", value: "SECONDS", summary: "Seconds the run may take (600)" },
} as const;

const say = defineCommand({
  summary: "Send the agent one message and print its reply as it comes",
  positionals: [{ name: "TEXT", optional: true, rest: true }],
  flags: agentFlags,
  examples: ['moltbot agent --message "What is on my list today?"', "git diff | moltbot agent -m - -s review"],
  async run(call) {
    const message = messageOf(call);
    const { timeout, ...others } = call.flags;
    await withGateway({ flags: others, env: call.env }, (link) => talk(call, { link, message }));
  },
});

/** Sends one message and streams the reply; under its own word, what models are told before. */
export const agent = defineGroup({
  summary: "Send the agent one message and print its reply as it comes",
  commands: { prompt: agentPrompt },
  alone: say,
});

function messageOf({ flags, words }: Call<typeof agentFlags>): string {
  const given = flags.message ?? (words.length > 0 ? words.join(" ") : undefined);
  const message = given === "-" ? readFileSync(0, "utf8").trim() : given;
  if (message === undefined || message === "") {
    throw usageError('Say what to send: `moltbot agent --message "…"`, or `-` to read it from stdin.');
  }
  return message;
}

async function talk(call: Call<typeof agentFlags>, { link, message }: { link: Link; message: string }): Promise<void> {
  const { flags, out } = call;
  const { client } = link;
  const runId = randomUUID();
  using waiting = out.waiting("Waiting for the agent");
  let printed = "";
  using _told = tellOfApprovals(client, out, () => {
    waiting[Symbol.dispose]();
    if (printed !== "" && !printed.endsWith("\n")) void out.stream("\n");
  });
  const writer = out.isTerminal ? new MarkdownWriter(out) : undefined;
  const write = async (text: string) => (writer ? out.put(writer.push(text)) : await out.stream(text));
  const subscription = client.on("agent", ({ runId: of, stream, data }) => {
    if (of !== runId || stream !== "assistant" || flags.json) return;
    const text = String((data as { text?: unknown }).text ?? "");
    waiting[Symbol.dispose]();
    void write(text.startsWith(printed) ? text.slice(printed.length) : `\n${text}`);
    printed = text;
  });
  const run = client.request("agent", {
    message,
    idempotencyKey: runId,
    ...sessionOf(flags, link),
    ...defined({ thinking: flags.thinking }),
    ...(flags.timeout !== undefined && { timeout: Math.ceil(flags.timeout) }),
  });
  try {
    const result = await run;
    waiting[Symbol.dispose]();
    if (flags.json) return out.json(result);
    const reply = replyOf(result);
    await write(reply.startsWith(printed) ? reply.slice(printed.length) : printed === "" ? reply : "");
    printed = reply;
  } finally {
    subscription.off();
    if (writer) out.put(writer.end());
    if (printed !== "" && !printed.endsWith("\n")) await out.stream("\n");
  }
}

function sessionOf({ agent, session: key }: Call<typeof agentFlags>["flags"], { hello }: Link) {
  if (agent !== undefined && key === undefined) return { agentId: agent };
  const sessionKey = key ?? hello.snapshot.sessionDefaults?.mainKey ?? "main";
  return { sessionKey, ...defined({ agentId: agent }) };
}

/** The text of a run that did not stream, from its final answer. */
function replyOf(result: unknown): string {
  const { payloads = [] } = (result as { result?: { payloads?: { text?: string }[] } }).result ?? {};
  return payloads.map(({ text = "" }) => text).join("\n\n");
}
