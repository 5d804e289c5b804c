/** The `list` tool: what is in a folder of the workspace. */

import { Type } from "@sinclair/typebox";
import { matchesPath } from "../../../../base/text/glob.ts";
import { defineTool } from "../slice.ts";
import { type Step, walk } from "./walk.ts";

const MAX_LISTED = 500;

export const list = defineTool({
  name: "list",
  summary:
    "Lists files and folders of the workspace, one a line; folders end in a slash, files show their size in bytes.",
  audience: "owner",
  changes: false,
  params: {
    path: Type.Optional(Type.String({ maxLength: 1_024, description: "A folder; the workspace itself by default." })),
    depth: Type.Optional(Type.Integer({ minimum: 1, maximum: 10, description: "How many levels; 1 by default." })),
    glob: Type.Optional(
      Type.String({ maxLength: 200, description: 'Only files like this: "*.md", "notes/**/*.txt".' }),
    ),
  },
  async run({ params: { path = "", depth, glob }, run, gateway, signal }) {
    const files = gateway.workspace.filesFor(run);
    const levels = depth ?? (glob === undefined ? 1 : 10);
    const lines: string[] = [];
    for await (const step of walk(files, path, { depth: levels, signal })) {
      if (glob !== undefined && (step.kind !== "file" || !matchesPath(glob, step.path))) continue;
      if (lines.length === MAX_LISTED) {
        lines.push(`[more than ${MAX_LISTED}; name a folder or a glob]`);
        break;
      }
      lines.push(lineOf(step, step.kind === "file" ? files.stat(step.path)?.size : undefined));
    }
    if (lines.length > 0) return lines.join("\n");
    return glob === undefined ? "The folder is empty." : `No file is like ${glob}.`;
  },
});

function lineOf({ path, kind, isClosed }: Step, size: number | undefined): string {
  if (kind === "folder") return `${path}/${isClosed ? " (not looked into)" : ""}`;
  if (kind === "link") return `${path} (a link, not followed)`;
  return kind === "file" ? `${path} ${size ?? ""}`.trimEnd() : `${path} (not a regular file)`;
}
