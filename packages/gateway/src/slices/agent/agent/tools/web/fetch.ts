/** `web_fetch`: a page, a file of text or a picture from the web, as a model can read it. */
import { Type } from "@sinclair/typebox";
import { GatewayError, ignore } from "../../../../../base/errors.ts";
import { jsonOr } from "../../../../../base/json.ts";
import type { Fetched } from "../../../../../base/net/safe-fetch.ts";
import { OneOf } from "../../../../../kit/schema/schema.ts";
import type { ToolResult } from "../../../../../kit/tool.ts";
import { defineTool } from "../../slice.ts";
import { fromOutside } from "../outside.ts";
import { MAX_PICTURE_BYTES, PICTURE_TYPES } from "../picture.ts";
import { askWeb, bytesOf } from "./ask.ts";

const USUAL_CHARS = 20_000;
const MAX_CHARS = 100_000;
const TEXTS = /^(text\/|application\/(([\w.-]+\+)?(json|xml)|javascript|ecmascript|x-ndjson|yaml|x-yaml|toml|sql)$)/;
const PAGES: ReadonlySet<string> = new Set(["text/html", "application/xhtml+xml"]);

export const webFetch = defineTool({
  name: "web_fetch",
  summary:
    "Reads an address on the web: pages as Markdown, JSON and text as they are, pictures to look at. " +
    "Long texts come in pieces; ask for the next with offset.",
  audience: "trusted",
  changes: false,
  timeoutMs: 60_000,
  maxChars: MAX_CHARS + 2_000,
  params: {
    url: Type.String({ minLength: 1, maxLength: 4_000, description: "http: or https:." }),
    format: Type.Optional({ ...OneOf("markdown", "text", "raw"), description: "How a page is shown; markdown." }),
    maxChars: Type.Optional(
      Type.Integer({ minimum: 100, maximum: MAX_CHARS, description: `How much of it; ${USUAL_CHARS}.` }),
    ),
    offset: Type.Optional(Type.Integer({ minimum: 0, description: "From which character on; 0." })),
  },
  async run({ params, gateway, signal }) {
    const { url, format = "markdown", maxChars = USUAL_CHARS, offset = 0 } = params;
    using answer = await askWeb(url, gateway, signal);
    const bytes = await wholeOf(answer);
    const mimeType = await typeOf(answer, bytes);
    if (PICTURE_TYPES.has(mimeType)) return picture(answer, mimeType, bytes);
    if (!PAGES.has(mimeType) && !TEXTS.test(mimeType)) throw unreadable(answer, mimeType, bytes.byteLength);
    if (!PAGES.has(mimeType) || format === "raw")
      return piece(
        answer,
        mimeType,
        { title: "", text: textOf(bytes, answer.charset, mimeType) },
        { maxChars, offset },
      );
    const { readPageInSubprocess } = await import("./page-reader.ts");
    const task = { bytes, charset: answer.charset, url: answer.url.href, format };
    const page = await readPageInSubprocess(task, { clock: gateway.clock, signal });
    return piece(answer, mimeType, page, { maxChars, offset });
  },
});

/** Reads the whole body; a body that will not be used is not read. */
async function wholeOf(answer: Fetched): Promise<Buffer> {
  const { mimeType, announcedBytes } = answer;
  if (/^(video|audio|font)\/|^application\/(pdf|zip|octet-stream)$/.test(mimeType) && announcedBytes !== undefined)
    throw unreadable(answer, mimeType, announcedBytes);
  return await bytesOf(answer);
}

/** The type of an answer: by its content for pictures and the like, else as the server says, else by its beginning. */
async function typeOf({ mimeType }: Fetched, bytes: Buffer): Promise<string> {
  const { fileTypeFromBuffer } = await import("file-type");
  const found = (await fileTypeFromBuffer(bytes))?.mime;
  if (found && !TEXTS.test(found)) return found;
  if (mimeType !== "" && mimeType !== "application/octet-stream") return mimeType;
  const head = bytes.subarray(0, 1_000).toString("latin1");
  if (/^\s*<(!doctype html|html)\b/i.test(head)) return "text/html";
  return head.includes("\0") ? "application/octet-stream" : "text/plain";
}

function unreadable({ url }: Fetched, mimeType: string, size: number): GatewayError {
  return new GatewayError(
    "UNAVAILABLE",
    `${url.host} sent a file that cannot be read as text (${mimeType || "unknown type"}, ${size} bytes)`,
  );
}

function picture({ url }: Fetched, mimeType: string, data: Buffer): ToolResult {
  const what = `${url.href} (${mimeType}, ${data.byteLength} bytes)`;
  if (data.byteLength > MAX_PICTURE_BYTES)
    return { text: `${what} is larger than the ${MAX_PICTURE_BYTES} bytes that models take.`, isError: true };
  return { text: what, images: [{ mimeType, data }], meta: { url: url.href } };
}

function textOf(bytes: Buffer, charset: string | undefined, mimeType: string): string {
  const text = decoderOf(charset).decode(bytes);
  return /json$/.test(mimeType) ? indented(text) : text;
}

function decoderOf(charset: string | undefined): TextDecoder {
  try {
    return new TextDecoder(charset);
  } catch (error) {
    ignore(error, "a name that no encoding has");
    return new TextDecoder();
  }
}

/** The longest JSON that is indented; parsing and writing more would block the gateway. */
const MAX_INDENTED_CHARS = 1_000_000;

function indented(text: string): string {
  if (text.length > MAX_INDENTED_CHARS || indentedChars(text) > 2 * MAX_INDENTED_CHARS) return text;
  const value = jsonOr(text);
  return value === undefined ? text : JSON.stringify(value, null, 2);
}

/** The length of a JSON text when indented by two spaces a level; a deeply nested one grows without bound. */
function indentedChars(text: string): number {
  let total = text.length;
  let depth = 0;
  let isInText = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (isInText && character === "\\") at++;
    else if (character === '"') isInText = !isInText;
    else if (isInText) continue;
    else if (character === "{" || character === "[") total += 1 + 2 * ++depth;
    else if (character === "}" || character === "]") total += 1 + 2 * Math.max(0, --depth);
    else if (character === ",") total += 1 + 2 * Math.max(0, depth);
  }
  return total;
}

function piece(
  { url }: Fetched,
  mimeType: string,
  { title, text }: { title: string; text: string },
  { maxChars, offset }: { maxChars: number; offset: number },
): ToolResult {
  const part = text.slice(offset, offset + maxChars).toWellFormed();
  const end = offset + part.length;
  const of =
    text.length > part.length ? `characters ${offset} to ${end} of ${text.length}` : `${text.length} characters`;
  const more = end < text.length ? `\n[${text.length - end} characters more; ask again with offset ${end}]` : "";
  const head = [title.slice(0, 300), `${url.href} (${mimeType}, ${of})`].filter((line) => line !== "").join("\n");
  return { text: `${fromOutside("the page", `${head}\n\n${part}`)}${more}`, meta: { url: url.href } };
}
