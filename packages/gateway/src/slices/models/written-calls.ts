/** Tool calls that a model wrote as text, in the ways that models at home were taught. */
import { readArgs } from "./call-args.ts";
import type { ModelMessage, ToolSpec } from "./port.ts";
import { type Json, objectIn, objectsIn } from "./wire/json.ts";

/** A call as it was written. */
export interface WrittenCall {
  readonly name: string;
  /** JSON of an object. */
  readonly raw: string;
}

const MAX_CALLS = 32;

/** The calls between the marks of one; none when it cannot be read. */
export function callsIn(written: string, tools: readonly ToolSpec[]): WrittenCall[] {
  const text = withoutFence(written.trim());
  const calls = ofJson(text) ?? ofTags(text, tools) ?? ofNames(text) ?? [];
  return calls.slice(0, MAX_CALLS);
}

/** The calls that a whole answer is: an object alone, in a code block or bare, that names exactly one of the tools. */
export function callsThatAre(answer: string, tools: readonly ToolSpec[]): WrittenCall[] {
  const text = withoutFence(answer.trim());
  if (!/^[[{]/.test(text)) return [];
  const calls = ofJson(text) ?? [];
  return calls.every(({ name }) => tools.some((tool) => tool.name === name)) ? calls : [];
}

/** Whether an answer that begins so may turn out to be a call: then it is not shown before its end. */
export function mayBeCall(beginning: string, tools: readonly ToolSpec[]): boolean {
  if (tools.length === 0 || beginning.length > MAX_CHARS) return false;
  const text = beginning.trimStart();
  const open = /^(?:```(?:json|tool_call|tool_code|tool)?[ \t]*(?:\n\s*)?)?(?:\[\s*)?\{\s*"?/i.exec(text)?.[0];
  if (open === undefined) return BEGINNINGS.some((each) => each.startsWith(text.toLowerCase()));
  const key = /^[\w]*/.exec(text.slice(open.length))![0];
  return text.length === open.length + key.length ? KEYS.some((each) => each.startsWith(key)) : KEYS.includes(key);
}

const MAX_CHARS = 20_000;
const BEGINNINGS = ["```json\n", "```tool_call\n", "```tool_code\n", "```tool\n", "```\n"];
/** With what an object begins that may be a call. */
const KEYS = ["name", "tool", "tool_name", "function", "type", "arguments", "parameters", "tool_calls", "id"];

/** Whether somebody else wrote a call, whom the model quotes: what tools answered and people said is no wish of the model's. */
export function isQuoted(written: string, messages: readonly ModelMessage[]): boolean {
  const wanted = bare(written);
  return messages.some((message) => {
    if (message.role === "assistant") return false;
    const texts =
      message.role === "tool"
        ? message.replies.map(({ text }) => text)
        : message.content.flatMap((part) => (part.kind === "text" ? [part.text] : []));
    return texts.some((text) => bare(text).includes(wanted));
  });
}

/** Without what frames, line breaks and escapes add to a quotation. */
function bare(text: string): string {
  return text
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&quot;|&#34;/g, '"')
    .replace(/[\s|\\]+/g, "");
}

function withoutFence(text: string): string {
  return (/^```\w*\s*([\s\S]*?)\s*```$/.exec(text)?.[1] ?? text).trim();
}

/** `{"name", "arguments"}`, several of them, or a list. */
function ofJson(text: string): WrittenCall[] | undefined {
  const values = jsonValues(text);
  const objects = values?.flatMap(objectsIn).flatMap((each) => (each.tool_calls ? objectsIn(each.tool_calls) : [each]));
  const calls = objects?.map(callOf);
  return calls && calls.length > 0 && calls.every((call) => call !== undefined) ? calls : undefined;
}

function callOf(object: Json): WrittenCall | undefined {
  const inner = objectIn(object.function) ?? {};
  const names = [inner.name, object.name, object.tool, object.tool_name, object.function];
  const name = names.find((each): each is string => typeof each === "string" && each !== "");
  const given = inner.arguments ?? object.arguments ?? object.parameters ?? object.args ?? object.input ?? {};
  if (name === undefined) return undefined;
  return { name, raw: typeof given === "string" ? given : JSON.stringify(given) };
}

/** The JSON in a text that holds nothing else. */
function jsonValues(text: string): unknown[] | undefined {
  try {
    return [JSON.parse(text)];
  } catch {
    const parts = text.split(/(?<=\})\s*[,;]?\s*\n(?=\s*\{)/);
    try {
      return parts.length < 2 ? undefined : parts.map((part) => JSON.parse(part) as unknown);
    } catch {
      return undefined;
    }
  }
}

/** `<function=NAME>` with parameters or JSON (Qwen, Llama), and NAME with `<arg_key>` (GLM). */
function ofTags(text: string, tools: readonly ToolSpec[]): WrittenCall[] | undefined {
  const functions = [...text.matchAll(/<function=([\w.-]+)>([\s\S]*?)(?:<\/function>|(?=<function=)|$)/g)];
  if (functions.length > 0)
    return functions.map(([, name = "", body = ""]) => {
      if (readArgs(body) && body.trim() !== "") return { name, raw: body.trim() };
      const values = [...body.matchAll(/<parameter=([\w.-]+)>([\s\S]*?)<\/parameter>/g)];
      return { name, raw: argsOf(name, values, tools) };
    });
  const [, name] = /^([\w.-]+)\s*<arg_key>/.exec(text) ?? [];
  if (name === undefined) return undefined;
  const values = [...text.matchAll(/<arg_key>([\s\S]*?)<\/arg_key>\s*<arg_value>([\s\S]*?)<\/arg_value>/g)];
  return [{ name, raw: argsOf(name, values, tools) }];
}

function argsOf(name: string, values: readonly RegExpMatchArray[], tools: readonly ToolSpec[]): string {
  const schema = objectIn(tools.find((tool) => tool.name === name)?.parameters) ?? {};
  const properties = objectIn(schema.properties) ?? {};
  const pairs = values.map(([, key = "", value = ""]) => {
    const text = value.replace(/^\n|\n$/g, "");
    return [key.trim(), objectIn(properties[key.trim()])?.type === "string" ? text : parsedOr(text)];
  });
  return JSON.stringify(Object.fromEntries(pairs));
}

function parsedOr(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Mistral: `NAME{…}` or `NAME[ARGS]{…}`, one behind the other. */
function ofNames(text: string): WrittenCall[] | undefined {
  const parts = text.split("[TOOL_CALLS]").map((part) => part.trim());
  const calls = parts.map((part): WrittenCall | undefined => {
    const [, name, raw] = /^([\w.-]+)(?:\[CALL_ID\][\w-]+)?\s*(?:\[ARGS\])?\s*(\{[\s\S]*\})$/.exec(part) ?? [];
    return name !== undefined && raw !== undefined ? { name, raw } : undefined;
  });
  return calls.every((call) => call !== undefined) ? calls : undefined;
}
