/** `message`: what an agent says and does on channels beside its reply, through the same outbox as everything else. */

import { extname } from "node:path";
import { type Static, type TObject, Type } from "@sinclair/typebox";
import { defined } from "../../../base/defined.ts";
import { GatewayError, invalidRequest } from "../../../base/errors.ts";
import { hasScope } from "../../../kit/access.ts";
import { OneOf } from "../../../kit/schema/schema.ts";
import type { Tool, ToolCall, ToolResult } from "../../../kit/tool.ts";
import type { Target } from "./accounts/known-channels.ts";
import { toolPrincipal } from "./out/outbox/outbox.ts";
import { defineTool, type Gateway } from "./slice.ts";

const Text = Type.Optional(Type.String({ maxLength: 100_000 }));
const Name = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 512, description }));

const params = {
  action: OneOf("send", "react", "edit", "delete", "poll"),
  channel: Name("telegram, whatsapp, discord, …; not needed for this conversation."),
  to: Name('A person or chat as the channel writes them; "here", the usual, is this conversation.'),
  accountId: Name("Which of several accounts on the channel."),
  threadId: Name("A topic or thread of the chat."),
  message: { ...Text, description: "What to send, or what an edited message says then; Markdown." },
  media: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 4_000 }), {
      maxItems: 10,
      description: "Files to send along: paths in the workspace, or https: addresses.",
    }),
  ),
  replyTo: Name("The id of the message that this one quotes."),
  messageId: Name("What to react to, edit or delete; for reactions the message that is being answered by default."),
  emoji: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  remove: Type.Optional(Type.Boolean({ description: "Takes the reaction back." })),
  question: Type.Optional(Type.String({ minLength: 1, maxLength: 300 })),
  options: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { minItems: 2, maxItems: 12 })),
  maxSelections: Type.Optional(Type.Integer({ minimum: 1, maximum: 12 })),
};

type Call = ToolCall<Static<TObject<typeof params>>, Gateway>;

const message = defineTool({
  name: "message",
  summary:
    "Sends a message to a person or chat on any channel, reacts to one, edits or deletes one of yours, asks a poll. " +
    "Your reply to this conversation is sent by itself; if you have said everything with this tool, end with NO_REPLY.",
  audience: "owner",
  changes: true,
  isRepeatable: true,
  params,
  run: async (call) => await honestly(() => ACTIONS[call.params.action](call, targetOf(call))),
});

export const tools: readonly Tool[] = [message];

const ACTIONS: Readonly<Record<Call["params"]["action"], (call: Call, target: Target) => Promise<ToolResult>>> = {
  async send(call, target) {
    const { params, gateway, run, signal } = call;
    const files = (params.media ?? []).map((place) => mediaUrlOf(place, call));
    const sent = await gateway.messaging.outgoing.send(
      {
        ...target,
        message: params.message ?? "",
        mediaUrls: files,
        ...defined({ replyToId: params.replyTo }),
        idempotencyKey: call.callId,
        // The call itself is in this conversation already.
        notKeptIn: run.sessionKey,
      },
      { principal: toolPrincipal(run.id) },
      signal,
    );
    return told(`Sent; its id is ${sent.messageId}.`, sent);
  },
  async poll(call, target) {
    const { params, gateway, run, signal } = call;
    if (!hasScope(new Set(run.starter.scopes), "operator.admin"))
      throw invalidRequest("polls need the operator.admin scope, which whoever asked does not have");
    const sent = await gateway.messaging.outgoing.poll(
      {
        ...target,
        question: need(params.question, "question"),
        options: need(params.options, "options"),
        ...defined({ maxSelections: params.maxSelections }),
        idempotencyKey: call.callId,
      },
      { principal: toolPrincipal(run.id) },
      signal,
    );
    return told(`Asked; the poll's id is ${sent.pollId}.`, sent);
  },
  async react({ params, gateway, run, signal }, target) {
    const messageId = params.messageId ?? gateway.messaging.inbox.ofRun(run.id).at(-1)?.inbound.messageId;
    await gateway.messaging.outgoing.react(
      {
        ...target,
        messageId: need(messageId, "messageId"),
        emoji: need(params.emoji, "emoji"),
        remove: params.remove ?? false,
      },
      signal,
    );
    return told(params.remove ? "The reaction is taken back." : "Reacted.");
  },
  async edit({ params, gateway, signal }, target) {
    const { messageId, message } = params;
    await gateway.messaging.outgoing.edit(
      { ...target, messageId: need(messageId, "messageId"), message: need(message, "message") },
      signal,
    );
    return told("Changed.");
  },
  async delete({ params, gateway, signal }, target) {
    await gateway.messaging.outgoing.unsend({ ...target, messageId: need(params.messageId, "messageId") }, signal);
    return told("Deleted.");
  },
};

function told(text: string, meta?: { readonly messageId: string; readonly channel: string }): ToolResult {
  return { text, ...(meta && { meta: { messageId: meta.messageId, channel: meta.channel } }) };
}

function need<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw invalidRequest(`${name} is missing`);
  return value;
}

/** Where a call leads: the place that it names, else the one where the conversation takes place. */
function targetOf({ params, run, gateway }: Call): Target {
  const { channel, to, accountId, threadId } = params;
  if (to !== undefined && to !== "here")
    return {
      to,
      ...defined({ channel, accountId, threadId }),
    };
  const here = run.deliver ?? gateway.sessions.get(run.sessionKey)?.route;
  if (!here || (channel !== undefined && channel !== here.channel))
    throw invalidRequest(`say to whom with \`to\`: this conversation is not on ${channel ?? "a channel"}`);
  const thread = threadId ?? here.chat.threadId;
  return {
    channel: here.channel,
    to: here.chat.id,
    accountId: here.account,
    ...defined({ threadId: thread }),
  };
}

/** An address as it is; a file of the workspace as a data URL. */
function mediaUrlOf(place: string, { gateway, run }: Call): string {
  if (/^[a-z][a-z0-9+.-]*:/i.test(place)) return place;
  const { path, data } = gateway.workspace.filesFor(run).read(place);
  const name = encodeURIComponent(path.slice(path.lastIndexOf("/") + 1));
  return `data:${TEXTS.has(extname(path).toLowerCase()) ? "text/plain" : ""};name=${name};base64,${data.toString("base64")}`;
}

const TEXTS: ReadonlySet<string> = new Set([".txt", ".md", ".csv", ".json", ".log", ".yaml", ".html"]);

/** A message that is on its way, or may have arrived, is not helped by another try, and the model is told so. */
async function honestly(act: () => Promise<ToolResult>): Promise<ToolResult> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const { code } = error.details ?? {};
    if (code === "DELIVERY_WAITS") return told(`Do not send it again: ${error.message}`);
    if (code === "DELIVERY_UNKNOWN")
      return {
        text: `It may have arrived; tell the person, and do not send it again: ${error.message}`,
        isError: true,
      };
    throw error;
  }
}
