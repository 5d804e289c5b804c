/** The `write` tool: a whole file, new or replaced, or text at a file's end. */
import { Type } from "@sinclair/typebox";
import { invalidRequest } from "../../../../base/errors.ts";
import { defineTool } from "../slice.ts";
import { contentOf, linesOf } from "./content.ts";

export const write = defineTool({
  name: "write",
  summary:
    "Writes a text file in the workspace, and the folders on the way; replaces what is there unless `append` is set. " +
    "To change part of a file use `edit`.",
  audience: "owner",
  changes: true,
  params: {
    path: Type.String({ minLength: 1, maxLength: 1_024, description: 'Relative to the workspace: "notes/plan.md".' }),
    content: Type.String({ maxLength: 2_000_000, description: "The whole text." }),
    append: Type.Optional(Type.Boolean({ description: "Put it at the end of the file instead." })),
  },
  run({ params: { path, content, append = false }, run, gateway }) {
    const files = gateway.workspace.filesFor(run);
    const before = append && files.stat(path) ? files.read(path).data : Buffer.alloc(0);
    if (contentOf(before).kind !== "text") throw invalidRequest(`${path} is not a text file; nothing was appended`);
    const written = files.write(path, Buffer.concat([before, Buffer.from(content)]));
    const what = `${linesOf(content).length} lines, ${Buffer.byteLength(content)} bytes`;
    const how = append ? "Appended to" : written.replacedBytes === undefined ? "Wrote" : "Replaced";
    return { text: `${how} ${written.path} (${what}).`, meta: { path: written.path } };
  },
});
