/** The `read` tool: a file of the workspace, page by page; pictures as pictures. */
import { Type } from "@sinclair/typebox";
import { invalidRequest } from "../../../../base/errors.ts";
import { defineTool } from "../slice.ts";
import { contentOf, linesOf } from "./content.ts";

const MAX_IMAGE_BYTES = 5_000_000;
const MAX_LINES = 2_000;
/** Below what the agent keeps of one answer, so that a page is never cut in its middle. */
const MAX_CHARS = 28_000;
const MAX_LINE_CHARS = 8_000;

export const read = defineTool({
  name: "read",
  summary:
    "Reads a file of the workspace: text from line `offset`, as many lines as fit; a picture (PNG, JPEG, GIF, WebP) is shown.",
  audience: "owner",
  changes: false,
  params: {
    path: Type.String({ minLength: 1, maxLength: 1_024, description: 'Relative to the workspace: "notes/plan.md".' }),
    offset: Type.Optional(Type.Integer({ minimum: 1, description: "The first line; 1 by default." })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_LINES, description: "How many lines at most." })),
  },
  run({ params: { path, offset = 1, limit = MAX_LINES }, run, gateway }) {
    const file = gateway.workspace.filesFor(run).read(path);
    const content = contentOf(file.data);
    const size = `${file.data.length} bytes`;
    const meta = { path: file.path };
    if (content.kind === "binary")
      throw invalidRequest(`${file.path} is ${content.what} (${size}) and cannot be read as text`);
    if (content.kind === "image") {
      if (file.data.length > MAX_IMAGE_BYTES) throw invalidRequest(`${file.path} is too large a picture (${size})`);
      const { mimeType } = content;
      return { text: `${file.path}: ${mimeType}, ${size}`, images: [{ mimeType, data: file.data }], meta };
    }
    return { text: pageOf(linesOf(content.text), { offset, limit, path: file.path }), meta };
  },
});

/** Whole lines, and where to go on. */
function pageOf(
  lines: readonly string[],
  { offset, limit, path }: { offset: number; limit: number; path: string },
): string {
  if (lines.length === 0) return `[${path} is empty]`;
  if (offset > lines.length)
    throw invalidRequest(`${path} has ${lines.length} lines; offset ${offset} is behind its end`);
  const page: string[] = [];
  let chars = 0;
  for (const line of lines.slice(offset - 1, offset - 1 + limit)) {
    const shown = shortened(line);
    chars += shown.length + 1;
    if (chars > MAX_CHARS && page.length > 0) break;
    page.push(shown);
  }
  const last = offset - 1 + page.length;
  if (offset === 1 && last === lines.length) return page.join("\n");
  const more = last < lines.length ? `; go on with offset ${last + 1}` : "";
  return `${page.join("\n")}\n\n[lines ${offset} to ${last} of ${lines.length}${more}]`;
}

function shortened(line: string): string {
  if (line.length <= MAX_LINE_CHARS) return line;
  return `${line.slice(0, MAX_LINE_CHARS).toWellFormed()} [… the line has ${line.length} characters]`;
}
