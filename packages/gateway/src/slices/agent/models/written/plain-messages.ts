/** A conversation with its tool calls told as text: for models that are offered no tools, which refuse to see any. */
import type { ModelMessage, ModelPart, ToolReply } from "../port.ts";

/** What a call or an answer may take of the window. */
const MAX_CHARS = 2_000;

/** Turns calls and answers into text, so that people and the model take turns. */
export function plainMessages(messages: readonly ModelMessage[]): ModelMessage[] {
  const told: ModelMessage[] = [];
  for (const message of messages) {
    const role = message.role === "assistant" ? "assistant" : "user";
    const content = message.role === "tool" ? message.replies.flatMap(answerParts) : message.content.map(callAsText);
    const last = told.at(-1);
    if (last?.role === role) told[told.length - 1] = { role, content: [...last.content, ...content] };
    else told.push({ role, content });
  }
  return told;
}

function callAsText(part: ModelPart): ModelPart {
  if (part.kind !== "tool-call") return part;
  return text(`[I called ${part.name} with ${JSON.stringify(part.args ?? {}).slice(0, MAX_CHARS)}]`);
}

function answerParts({ name, text: said, images = [], isError }: ToolReply): ModelPart[] {
  const what = isError ? "failed" : "answered";
  const short = said.length > MAX_CHARS ? `${said.slice(0, MAX_CHARS)}…` : said;
  // A frame begins a line.
  const gap = short.includes("\n") ? "\n" : " ";
  return [text(`[${name} ${what}:${gap}${short}]`), ...images.map((image) => ({ kind: "image" as const, ...image }))];
}

function text(said: string): ModelPart {
  return { kind: "text", text: said };
}
