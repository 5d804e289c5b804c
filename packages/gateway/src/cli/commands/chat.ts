/** `moltbot chat` — a conversation in the terminal: history, streamed replies, Ctrl-C stops the reply, then the chat. */

import { createInterface } from "node:readline";
import { askApprovals } from "../approvals/ask.ts";
import { tellOfApprovals } from "../approvals/tell.ts";
import { type Call, defineCommand } from "../language/command.ts";
import { sessionFlag } from "../language/common-flags.ts";
import { errorText, explainFailure } from "../language/failure.ts";
import { type Link, withGateway } from "../reach/connect.ts";
import { Conversation } from "../reach/conversation.ts";
import { messageText } from "../reach/transcript.ts";
import { MarkdownWriter, renderMarkdown } from "../terminal/markdown.ts";
import { printable } from "../terminal/render.ts";
import { TypedLines } from "../terminal/typed-lines.ts";

const chatFlags = {
  ...sessionFlag,
  history: { kind: "number", value: "COUNT", summary: "Earlier messages to show first (10)" },
} as const;

type ChatCall = Call<typeof chatFlags>;

/** Talks to the agent until Ctrl-D, /exit or Ctrl-C at an empty prompt. */
export const chat = defineCommand({
  summary: "Talk to the agent in this terminal",
  flags: chatFlags,
  examples: ["moltbot chat", "moltbot chat --session travel"],
  run: (call) => withGateway(call, (link) => converse(call, link), { reconnect: true }),
});

async function converse(call: ChatCall, link: Link): Promise<void> {
  const sessionKey = call.flags.session ?? link.hello.snapshot.sessionDefaults?.mainKey ?? "main";
  using conversation = new Conversation(link.client, sessionKey);
  const isTyped = process.stdin.isTTY === true && call.out.isTerminal && !call.flags.json;
  if (!isTyped) return await answerLines(call, link, conversation);
  await greet(call, link, sessionKey);
  await talk(call, link, conversation);
}

function isEnd(line: string): boolean {
  return line === "/exit" || line === "/quit";
}

/** A person at a terminal: one prompt after another, and the commands that wait are asked about here. */
async function talk({ out }: ChatCall, link: Link, conversation: Conversation): Promise<void> {
  using keyboard: TypedLines = new TypedLines(() => {
    if (conversation.isReplying) void conversation.abort();
    else keyboard.close();
  });
  const prompt = `${out.style.bold("›")} `;
  for (let line = await keyboard.next(prompt); line !== undefined; line = await keyboard.next(prompt)) {
    const message = line.trim();
    if (isEnd(message)) return;
    if (message !== "") await replyOnTerminal(out, { link, conversation, keyboard, message });
  }
  out.print("");
}

interface Turn {
  readonly link: Link;
  readonly conversation: Conversation;
  readonly keyboard: TypedLines;
  readonly message: string;
}

/** One message and its reply, with Markdown shown. What goes wrong is said and the chat goes on. */
async function replyOnTerminal(out: ChatCall["out"], { link, conversation, keyboard, message }: Turn): Promise<void> {
  using waiting = out.waiting("Thinking");
  let writer = new MarkdownWriter(out);
  let isOpen = false;
  const write = (text: string) => {
    if (text === "") return;
    out.put(text);
    isOpen = !text.endsWith("\n");
  };
  const endLine = () => {
    waiting[Symbol.dispose]();
    write(writer.end());
    if (isOpen) write("\n");
    writer = new MarkdownWriter(out);
  };
  using _asking = askApprovals(link, { out, keyboard, before: endLine });
  try {
    for await (const part of conversation.say(message)) {
      waiting[Symbol.dispose]();
      if (part.kind === "text") write(writer.push(part.text));
      if (part.kind === "aborted") write(`${writer.end()} [stopped]`);
      if (part.kind === "error") {
        endLine();
        out.note(out.style.red(part.message));
      }
    }
  } catch (error) {
    endLine();
    const failure = explainFailure(error, link.target);
    out.note(out.style.red(errorText(failure)));
  }
  endLine();
  write("\n");
}

/** Lines from a pipe: each is a message, and its reply is printed as the model wrote it. */
async function answerLines({ out, flags }: ChatCall, link: Link, conversation: Conversation): Promise<void> {
  using _told = tellOfApprovals(link.client, out, () => void out.stream(conversation.isReplying ? "\n" : ""));
  for await (const line of createInterface({ input: process.stdin, terminal: false })) {
    const message = line.trim();
    if (isEnd(message)) break;
    if (message !== "") await replyToLine({ out, flags }, { link, conversation, message });
  }
}

async function replyToLine(
  { out, flags }: Pick<ChatCall, "out" | "flags">,
  { link, conversation, message }: Omit<Turn, "keyboard">,
): Promise<void> {
  using waiting = out.waiting("Thinking");
  let isPrinted = false;
  try {
    for await (const part of conversation.say(message)) {
      waiting[Symbol.dispose]();
      if (flags.json) {
        if (part.kind !== "text") out.json(part);
        continue;
      }
      if (part.kind === "text") await out.stream(part.text);
      if (part.kind === "error") out.note(out.style.red(part.message));
      isPrinted ||= part.kind !== "error";
    }
  } catch (error) {
    waiting[Symbol.dispose]();
    const failure = explainFailure(error, link.target);
    out.note(out.style.red(errorText(failure)));
  }
  if (isPrinted) await out.stream("\n");
}

async function greet({ out, flags }: ChatCall, { client, timeoutMs, target }: Link, sessionKey: string): Promise<void> {
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
    if (role === "user") out.print(`${bold("›")} ${dim(text)}`);
    else out.put(`${renderMarkdown(text, out)}\n\n`);
  }
}
