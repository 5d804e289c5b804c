/** Tool calls that a model wrote as text, in the ways that models at home were taught. */
import { ignore } from "../../../../base/errors.ts";
import { jsonOr } from "../../../../base/json.ts";
import type { ToolSpec } from "../port.ts";
import { type Json, objectIn, objectsIn } from "../wire/json.ts";
import { readArgs } from "./call-args.ts";
import { pythonCalls } from "./python-calls.ts";

/** A call as it was written. */
export interface WrittenCall {
  readonly name: string;
  /** JSON of an object. */
  readonly raw: string;
}

/** More calls in one answer are not made. */
export const MAX_CALLS = 32;

/** The calls between the marks of one; none when it cannot be read. */
export function callsIn(written: string, tools: readonly ToolSpec[]): WrittenCall[] {
  const text = withoutFence(written.trim());
  const calls = ofJson(text) ?? ofMarks(text) ?? ofTags(text, tools) ?? ofNames(text) ?? ofPython(text, tools) ?? [];
  return calls.slice(0, MAX_CALLS).map((call) => known(call, tools));
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
  const open = /^(?:```(?:json|tool)?[ \t]{0,80}(?:\n\s{0,80})?)?(?:\[\s{0,80})?\{\s{0,80}"?/i.exec(text)?.[0];
  if (open === undefined) return BEGINNINGS.some((each) => each.startsWith(text.toLowerCase()));
  const key = /^[\w]*/.exec(text.slice(open.length))![0];
  return text.length === open.length + key.length ? KEYS.some((each) => each.startsWith(key)) : KEYS.includes(key);
}

const MAX_CHARS = 20_000;
const BEGINNINGS = ["```json\n", "```tool\n", "```\n"];
/** With what an object begins that may be a call. */
const KEYS = ["name", "tool", "tool_name", "function", "type", "arguments", "parameters", "tool_calls", "id"];

/** What a code block holds, without its first word; any other text as it is. */
function withoutFence(text: string): string {
  const isBlock = text.length >= 6 && text.startsWith("```") && text.endsWith("```");
  return isBlock ? text.slice(3, -3).replace(/^\w+/, "").trim() : text;
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
  return { name, raw: typeof given === "string" ? given : (jsonOf(given) ?? "[]") };
}

/** Undefined when it is nested too deep to be written down again. */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    ignore(error, "the call is then made with arguments that cannot be read, and answered so");
    return undefined;
  }
}

/** The JSON in a text that holds nothing else. */
function jsonValues(text: string): unknown[] | undefined {
  const value = jsonOr(text);
  if (value !== undefined) return [value];
  const values = objectsInRow(text)?.map((each) => jsonOr(each, each));
  return values?.every((each) => typeof each === "object") ? values : undefined;
}

/** Objects that follow each other, with nothing but a comma or a semicolon between them. */
function objectsInRow(text: string): string[] | undefined {
  const objects: string[] = [];
  for (let at = 0; objects.length < MAX_CALLS; ) {
    const start = at + /^\s*[,;]?\s*/.exec(text.slice(at))![0].length;
    if (start === text.length) break;
    const end = text[start] === "{" ? endOfObject(text, start) : undefined;
    if (end === undefined) return undefined;
    objects.push(text.slice(start, end));
    at = end;
  }
  return objects.length < 2 ? undefined : objects;
}

/** Where the object ends that begins there; undefined when it does not end. */
function endOfObject(text: string, start: number): number | undefined {
  let depth = 0;
  let isText = false;
  for (let at = start; at < text.length; at++) {
    const sign = text[at];
    if (isText && sign === "\\") at++;
    else if (sign === '"') isText = !isText;
    else if (isText) continue;
    else if (sign === "{") depth++;
    else if (sign === "}" && --depth === 0) return at + 1;
  }
  return undefined;
}

/** What is between tags, with what the pattern of the opening tag caught. A last one may lack its end. */
function* between(text: string, opening: RegExp, closing: string): Generator<{ caught: string[]; body: string }> {
  const pattern = new RegExp(opening, "g");
  for (let found = pattern.exec(text); found; found = pattern.exec(text)) {
    const end = text.indexOf(closing, pattern.lastIndex);
    const [, ...caught] = found;
    yield { caught, body: text.slice(pattern.lastIndex, end < 0 ? undefined : end) };
    if (end < 0) return;
    pattern.lastIndex = end + closing.length;
  }
}

interface Value {
  readonly key: string;
  readonly text: string;
  /** Whether the model says that it is text. */
  readonly isText?: boolean | undefined;
}

/**
 * `<function=NAME>` with parameters or JSON (Qwen, Llama), `<invoke name="NAME">` with parameters (MiniMax, Claude,
 * DeepSeek), and NAME with `<arg_key>` (GLM).
 */
function ofTags(given: string, tools: readonly ToolSpec[]): WrittenCall[] | undefined {
  const text = given.replace(/<(\/?)(?:antml:|[|｜]DSML[|｜])/g, "<$1");
  const functions = [...between(text, /<function=([\w.-]{1,64})>/, "</function>")];
  const invoked = [...between(text, /<invoke\s{1,8}name=["']?([\w.:-]{1,64})["']?\s{0,8}>/, "</invoke>")];
  const calls = [...functions, ...invoked].slice(0, MAX_CALLS).map(({ caught: [name = ""], body }): WrittenCall => {
    if (readArgs(body) && body.trim() !== "") return { name, raw: body.trim() };
    return { name, raw: argsOf(name, [...parameters(body)], tools) };
  });
  if (calls.length > 0) return calls;
  const [, name] = /^([\w.-]{1,64})\s*<arg_key>/.exec(text) ?? [];
  return name === undefined ? undefined : [{ name, raw: argsOf(name, [...argPairs(text)], tools) }];
}

/** `<parameter=KEY>` and `<parameter name="KEY">`. */
function* parameters(body: string): Generator<Value> {
  const opening =
    /<parameter(?:=([\w.-]{1,64})|\s{1,8}name=["']?([^"'<>\s]{1,64})["']?(?:\s{1,8}string=["']?(true|false)["']?)?\s{0,8})>/;
  for (const { caught, body: text } of between(body, opening, "</parameter>")) {
    const [ofSign, ofName, isText] = caught;
    yield { key: ofSign ?? ofName ?? "", text, isText: isText === undefined ? undefined : isText === "true" };
  }
}

/** `<arg_key>KEY</arg_key>`, each with the `<arg_value>` behind it. */
function* argPairs(text: string): Generator<Value> {
  let key = "";
  for (const { caught, body } of between(text, /<arg_(?:(key)|value)>/, "</arg_")) {
    if (caught[0] === "key") key = body;
    else yield { key, text: body };
  }
}

function argsOf(name: string, values: readonly Value[], tools: readonly ToolSpec[]): string {
  const properties = propertiesOf(name, tools);
  const pairs = values.map(({ key, text, isText }) => {
    const plain = text.replace(/^\n/, "").replace(/\n$/, "");
    const type = objectIn(properties[key.trim()])?.type;
    return [key.trim(), (isText ?? type === "string") ? plain : jsonOr(plain, plain)];
  });
  return JSON.stringify(Object.fromEntries(pairs));
}

function propertiesOf(name: string, tools: readonly ToolSpec[]): Json {
  const schema = objectIn(tools.find((tool) => tool.name === name)?.parameters) ?? {};
  return objectIn(schema.properties) ?? {};
}

/** Mistral and gpt-oss: `NAME{…}` or `NAME[ARGS]{…}`, one behind the other. */
function ofNames(text: string): WrittenCall[] | undefined {
  const parts = text.split("[TOOL_CALLS]", MAX_CALLS).map((part) => part.trim());
  const calls = parts.map((part): WrittenCall | undefined => {
    const [head, name] = /^([\w.-]{1,100})(?:\[CALL_ID\][\w-]{1,64})?(?:\s{0,8}\[ARGS\])?\s*(?=\{)/.exec(part) ?? [];
    if (head === undefined || name === undefined || !part.endsWith("}")) return undefined;
    return { name, raw: part.slice(head.length) };
  });
  return calls.every((call) => call !== undefined) ? calls : undefined;
}

const CALL_BEGINS = /<[|｜]tool[_▁]call[_▁]begin[|｜]>/i;
const CALL_ENDS = /<[|｜]tool[_▁]call[_▁]end[|｜]>/i;
const ARGS_BEGIN = /<[|｜]tool[_▁](?:sep|call[_▁]argument[_▁]begin)[|｜]>/i;

/** DeepSeek and Kimi: a name, a mark, and JSON; DeepSeek's older models write `function`, a mark, the name, and a block. */
function ofMarks(text: string): WrittenCall[] | undefined {
  const [before = "", ...parts] = text.split(CALL_BEGINS, MAX_CALLS + 1);
  if (parts.length === 0 || before.trim() !== "") return undefined;
  return parts.flatMap((part): WrittenCall[] => {
    const [first = "", second = ""] = part.split(CALL_ENDS, 1)[0]!.split(ARGS_BEGIN, 2);
    if (first.trim() !== "function") return [{ name: first.trim(), raw: withoutFence(second.trim()) }];
    const [name = "", args = ""] = split(second.trim(), "\n");
    return [{ name: name.trim(), raw: withoutFence(args.trim()) }];
  });
}

function split(text: string, sign: string): [string, string] {
  const at = text.indexOf(sign);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + sign.length)];
}

/** Gemma and LFM: Python. Values without a name are the tool's first parameters. */
function ofPython(text: string, tools: readonly ToolSpec[]): WrittenCall[] | undefined {
  return pythonCalls(text)?.map(({ name, values, named }) => {
    const names = Object.keys(propertiesOf(name, tools));
    const first = values.map((value, index) => [names[index] ?? `value${index + 1}`, value] as const);
    return { name, raw: JSON.stringify(Object.fromEntries([...first, ...named])) };
  });
}

/** The name under which the tools know it: Kimi and gpt-oss write `functions.NAME`, Kimi a number behind it. */
function known(call: WrittenCall, tools: readonly ToolSpec[]): WrittenCall {
  if (tools.some(({ name }) => name === call.name)) return call;
  return { ...call, name: call.name.replace(/^functions?\./, "").replace(/:\d{1,6}$/, "") };
}
