/** `moltbot chat` — a conversation in the terminal: history, streamed replies, Ctrl-C stops the reply, then the chat. */

import { createInterface, type Interface } from "node:readline";
import { tellOfApprovals } from "../approvals/tell.ts";
import { type Call, defineCommand } from "../command.ts";
import { type Link, withGateway } from "../connect.ts";
import { Conversation } from "../conversation.ts";
import { explainFailure } from "../failure.ts";
import { printable } from "../render.ts";
import { sessionFlag } from "../shared-flags.ts";
import { messageText } from "../transcript.ts";

const chatFlags = {
  ...sessionFlag,
  history: { kind: "number", value: "COUNT", summary: "Earlier messages to show first (10)" },
} as const;

/** Talks to the agent until Ctrl-D, /exit or Ctrl-C at an empty prompt. */
export const chat = defineCommand({
  summary: "Talk to the agent in this terminal",
  flags: chatFlags,
  examples: ["moltbot chat", "moltbot chat --session travel"],
  run: (call) => withGateway(call, (link) => converse(call, link), { reconnect: true }),
});

async function converse(call: Call<typeof chatFlags>, link: Link): Promise<void> {
  const { out } = call;
  const sessionKey = call.flags.session ?? link.hello.snapshot.sessionDefaults?.mainKey ?? "main";
  const isTyped = process.stdin.isTTY === true && out.isTerminal;
  if (isTyped) await greet(call, link, sessionKey);
  using conversation = new Conversation(link.client, sessionKey);
  using _told = tellOfApprovals(link.client, out, () => void out.stream(conversation.isReplying ? "\n" : ""));
  const lines = createInterface({
    input: process.stdin,
    output: isTyped ? process.stdout : undefined,
    terminal: isTyped,
    prompt: `${out.style.bold("›")} `,
  });
  lines.on("SIGINT", () => {
    if (conversation.isReplying) void conversation.abort();
    else lines.close();
  });
  if (isTyped) lines.prompt();
  for await (const line of lines) {
    const message = line.trim();
    if (message === "/exit" || message === "/quit") break;
    if (message !== "") await reply(call, { link, conversation, message, lines });
    if (isTyped) lines.prompt();
  }
  lines.close();
}

interface Turn {
  readonly link: Link;
  readonly conversation: Conversation;
  readonly message: string;
  readonly lines: Interface;
}

/** One message and its reply. What goes wrong is said and the chat goes on. */
async function reply({ out, flags }: Call<typeof chatFlags>, { link, conversation, message }: Turn): Promise<void> {
  using waiting = out.waiting("Thinking");
  let printed = false;
  try {
    for await (const part of conversation.say(message)) {
      waiting[Symbol.dispose]();
      if (flags.json) {
        if (part.kind !== "text") out.json(part);
        continue;
      }
      if (part.kind === "text") await out.stream(part.text);
      if (part.kind === "aborted") await out.stream(out.isTerminal ? " [stopped]" : "");
      if (part.kind === "error") out.note(out.style.red(part.message));
      printed ||= part.kind !== "error";
    }
  } catch (error) {
    waiting[Symbol.dispose]();
    const failure = explainFailure(error, link.target);
    out.note(failure instanceof Error ? out.style.red(failure.message) : String(failure));
  }
  if (printed) await out.stream(out.isTerminal ? "\n\n" : "\n");
}

async function greet(
  { out, flags }: Call<typeof chatFlags>,
  { client, timeoutMs, target }: Link,
  sessionKey: string,
): Promise<void> {
  const { dim, bold } = out.style;
  out.print(dim(`${sessionKey} at ${target.url}`));
  out.print(dim("/help lists commands; Ctrl-C stops a reply, Ctrl-D ends the chat.\n"));
  const limit = Math.floor(flags.history ?? 10);
  if (limit < 1) return;
  const { messages } = await client.request("chat.history", { sessionKey, limit }, { timeoutMs });
  for (const message of messages) {
    const { role } = message as { role?: string };
    const text = printable(messageText(message)).trim();
    if (text === "" || (role !== "user" && role !== "assistant")) continue;
    out.print(role === "user" ? `${bold("›")} ${dim(text)}` : `${dim(text)}\n`);
  }
}
