/** The content of a request of either API: standing instructions, earlier turns, and the message to answer. */
import { isRecord } from "../../../base/config/config.ts";
import { refused } from "./exchange.ts";

/** A picture or a text file: base64 or a data URL, or where it can be fetched. */
export interface GivenFile {
  readonly content: string;
  readonly mimeType?: string;
  readonly fileName?: string;
}

/** One message of the request. */
export interface GivenTurn {
  readonly role: "user" | "assistant";
  readonly text: string;
  readonly files: readonly GivenFile[];
  /** Set for the answer of a caller's tool: the name of the tool, or of the call. */
  readonly tool?: string;
}

/** The message to answer, and its context. */
export interface Conversation {
  readonly instructions: string;
  readonly earlier: readonly GivenTurn[];
  readonly message: GivenTurn;
  /** Results of the caller's own tools; they are information and give no orders. */
  readonly results: readonly GivenTurn[];
}

/**
 * Splits messages. The last message of a person, even in several parts, is the message to answer; everything before is
 * earlier. The start of an answer after it is ignored. Undefined when no person has said anything.
 */
export function conversationOf(turns: readonly GivenTurn[], instructions: readonly string[]): Conversation | undefined {
  const last = turns.findLastIndex(
    ({ role, text, files }) => role === "user" && (text.trim() !== "" || files.length > 0),
  );
  if (last < 0) return undefined;
  const before = turns.slice(0, last).findLastIndex(({ role }) => role === "assistant");
  const all = turns.slice(before + 1, last + 1);
  const said = all.filter(({ tool }) => tool === undefined);
  return {
    instructions: instructions.filter((text) => text.trim() !== "").join("\n\n"),
    earlier: turns.slice(0, before + 1),
    message: { role: "user", text: textsOf(said), files: all.flatMap(({ files }) => files) },
    results: all.filter(({ tool }) => tool !== undefined),
  };
}

function textsOf(turns: readonly GivenTurn[]): string {
  return turns
    .map(({ text }) => text)
    .filter((text) => text.trim() !== "")
    .join("\n\n");
}

/** The parts of a message's content as text and files; `where` names it in refusals. */
export function readContent(content: unknown, where: string): Pick<GivenTurn, "text" | "files"> {
  if (content === null || content === undefined) return { text: "", files: [] };
  if (typeof content === "string") return { text: content, files: [] };
  if (!Array.isArray(content)) throw refused(400, `${where}.content must be a string or a list of parts.`);
  const texts: string[] = [];
  const files: GivenFile[] = [];
  for (const [index, part] of content.entries()) {
    const read = readPart(part, `${where}.content[${index}]`);
    if (typeof read === "string") texts.push(read);
    else files.push(read);
  }
  return { text: texts.join("\n"), files };
}

function readPart(part: unknown, where: string): string | GivenFile {
  if (!isRecord(part)) throw refused(400, `${where} must be an object with a type.`);
  const { type } = part;
  const text = part.text ?? part.refusal;
  if (isOneOf(type, "text", "input_text", "output_text", "summary_text", "refusal") && typeof text === "string")
    return text;
  if (isOneOf(type, "image_url", "input_image", "input_file", "file")) {
    const file = fileOf(part);
    if (file) return file;
    throw refused(400, `${where} has no data; send it as base64 or a data: URL.`);
  }
  throw refused(400, `${where} is of a type that agents do not take; send text, pictures or text files.`);
}

function isOneOf(type: unknown, ...types: readonly string[]): boolean {
  return typeof type === "string" && types.includes(type);
}

/** Finds the file of a part; both APIs put it beside the type, in an object of its own, or in a `source`. */
function fileOf(part: Readonly<Record<string, unknown>>): GivenFile | undefined {
  const inner = [part.file, part.image_url, part.source].find(isRecord) ?? part;
  const keys = ["file_data", "data", "file_url", "image_url", "url"] as const;
  const content = keys.map((key) => inner[key]).find((value) => typeof value === "string" && value !== "");
  if (typeof content !== "string") return undefined;
  const fileName = inner.filename ?? part.filename;
  const mimeType = inner.media_type ?? part.media_type;
  return {
    content,
    ...(typeof fileName === "string" && { fileName }),
    ...(typeof mimeType === "string" && { mimeType }),
  };
}

/** A turn with a result of the caller's tool; `name` is that of the tool or of its call. */
export function toolTurn(name: unknown, text: string, files: readonly GivenFile[]): GivenTurn {
  return { role: "user", text, files, tool: typeof name === "string" && name !== "" ? name : "of the caller" };
}
