/**
 * Converts messages for the SDK to what the model can and may see. Reasoning and signatures go only to the model that
 * made them; pictures only to models that take them.
 */
import { isBlank } from "../../../../base/text/blank.ts";
import type { ModelMessage, ModelPart, ModelRequest, ProviderData, ToolReply } from "../port.ts";
import type { Model } from "../providers/providers.ts";
import { quirksOf } from "./sdk-quirks.ts";
import { MAKER } from "./sdk-steps.ts";
import type { SdkContent, SdkMessage, SdkOptions } from "./sdk-types.ts";

const CACHED: SdkOptions = { anthropic: { cacheControl: { type: "ephemeral" } } };
/** Anthropic takes four marks; the others are at the system prompt and the tools. */
const CACHED_MESSAGES = 2;
const UNSEEN = "[A picture, which this model cannot see.]";

/** The conversation as the SDK has it. */
export function toSdkPrompt(
  { system, systemTail = "" }: Pick<ModelRequest, "system" | "systemTail">,
  messages: readonly ModelMessage[],
  model: Model,
): SdkMessage[] {
  const isCached = model.provider.api === "anthropic";
  const head = isCached ? cachedHead(system, systemTail) : plainHead(system, systemTail);
  const lastAsked = messages.findLastIndex(({ role }) => role === "user");
  const body = withOwnIds(messages).flatMap((message, index) => toSdkMessages(message, model, index > lastAsked));
  return [...head, ...(isCached ? withMarks(body) : body)];
}

/** Text that changes with every run comes after the cache mark, so that everything before it is read from the cache. */
function cachedHead(system: string, tail: string): SdkMessage[] {
  return [
    ...(system === "" ? [] : [{ role: "system" as const, content: system, providerOptions: CACHED }]),
    ...(tail === "" ? [] : [{ role: "system" as const, content: tail }]),
  ];
}

/** Other providers cache equal beginnings; some accept only one system prompt. */
function plainHead(system: string, tail: string): SdkMessage[] {
  const content = [system, tail].filter((part) => part !== "").join("\n\n");
  return content === "" ? [] : [{ role: "system", content }];
}

/** Marks for Anthropic's cache: everything before one is read from the cache when it has not changed. */
function withMarks(messages: readonly SdkMessage[]): SdkMessage[] {
  const marked = new Set(messages.filter(({ role }) => role === "user" || role === "tool").slice(-CACHED_MESSAGES));
  return messages.map((message) => (marked.has(message) ? { ...message, providerOptions: CACHED } : message));
}

/** Gives each call a unique id: some servers restart their ids with every reply, and others refuse repeated ids. */
function withOwnIds(messages: readonly ModelMessage[]): readonly ModelMessage[] {
  if (!messages.some(tellsOfCalls)) return messages;
  const uses = new Map<string, number>();
  const own = (id: string, use = uses.get(id) ?? 1) => (use === 1 ? id : `${id}#${use}`);
  return messages.map((message): ModelMessage => {
    if (message.role === "tool")
      return { role: "tool", replies: message.replies.map((reply) => ({ ...reply, callId: own(reply.callId) })) };
    const content = message.content.map((part) => {
      if (part.kind !== "tool-call") return part;
      uses.set(part.callId, (uses.get(part.callId) ?? 0) + 1);
      return { ...part, callId: own(part.callId) };
    });
    return { role: message.role, content };
  });
}

function tellsOfCalls(message: ModelMessage): boolean {
  return message.role === "tool" || message.content.some(({ kind }) => kind === "tool-call");
}

/** Models call tools that do not exist, by names that no provider accepts back. */
function plainName(name: string): string {
  return name.replace(/[^\w-]/g, "_").slice(0, 64) || "unknown";
}

function toSdkMessages(message: ModelMessage, model: Model, isThisTurn: boolean): SdkMessage[] {
  if (message.role === "tool") return toSdkReplies(message.replies, model);
  const content = message.content.flatMap((part) => toSdkPart(part, model, isThisTurn));
  return content.length === 0 ? [] : [{ role: message.role, content } as SdkMessage];
}

function toSdkPart(part: ModelPart, model: Model, isThisTurn: boolean): SdkContent[] {
  switch (part.kind) {
    case "text":
      // Some providers refuse blank text, and half a character.
      return isBlank(part.text) ? [] : [{ type: "text", text: part.text.toWellFormed() }];
    case "image":
      return [sees(model) ? toSdkFile(part) : { type: "text", text: UNSEEN }];
    case "reasoning":
      return toSdkReasoning(part, model, isThisTurn);
    case "tool-call": {
      const { callId, name, args, providerData } = part;
      const toolCallId = quirksOf(model.provider).callId(callId);
      return [
        {
          type: "tool-call",
          toolCallId,
          toolName: plainName(name),
          input: args ?? {},
          ...optionsOf(providerData, model),
        },
      ];
    }
  }
}

/** Signed reasoning for its maker; the plain reasoning of others only where it is wanted, within the turn it is of. */
function toSdkReasoning(
  { text, providerData }: Extract<ModelPart, { kind: "reasoning" }>,
  model: Model,
  isThisTurn: boolean,
): SdkContent[] {
  if (providerData) {
    const options = optionsOf(providerData, model);
    return options.providerOptions ? [{ type: "reasoning", text, ...options }] : [];
  }
  return isThisTurn && quirksOf(model.provider).wantsReasoning && text !== "" ? [{ type: "reasoning", text }] : [];
}

/** The answers to calls. Where answers are text only, their pictures follow as a message of their own. */
function toSdkReplies(replies: readonly ToolReply[], model: Model): SdkMessage[] {
  const { callId, takesPicturesInReplies } = quirksOf(model.provider);
  const seen = sees(model);
  const content = replies.map(({ callId: id, name, text: answer, images = [], isError }) => {
    const text = answer.toWellFormed();
    const isMixed = images.length > 0 && seen && takesPicturesInReplies && !isError;
    const said = images.length > 0 && !seen ? `${text}\n${UNSEEN}` : text;
    const output = isMixed
      ? { type: "content" as const, value: [{ type: "text" as const, text }, ...images.map(toSdkFile)] }
      : { type: isError ? ("error-text" as const) : ("text" as const), value: said };
    return { type: "tool-result" as const, toolCallId: callId(id), toolName: plainName(name), output };
  });
  const apart = replies.filter(({ isError }) => isError || !takesPicturesInReplies);
  const pictures = seen ? apart.flatMap(({ name, images = [] }) => images.map((image) => ({ name, image }))) : [];
  if (pictures.length === 0) return [{ role: "tool", content }];
  const names = [...new Set(pictures.map(({ name }) => name))].join(", ");
  const intro = { type: "text" as const, text: `[Pictures that ${names} answered with.]` };
  return [
    { role: "tool", content },
    { role: "user", content: [intro, ...pictures.map(({ image }) => toSdkFile(image))] },
  ];
}

function toSdkFile({ mimeType, data }: { readonly mimeType: string; readonly data: Uint8Array }) {
  return { type: "file" as const, mediaType: mimeType, data: { type: "data" as const, data } };
}

function sees({ input }: Model): boolean {
  return input?.includes("image") ?? true;
}

/** What the maker of a part wants to see again, if that is the model that is asked. */
function optionsOf(providerData: ProviderData | undefined, { ref }: Model): { providerOptions?: SdkOptions } {
  if (!providerData) return {};
  const { [MAKER]: maker, ...data } = providerData;
  return maker === ref ? { providerOptions: data as SdkOptions } : {};
}
