/** The `edit` tool: exact replacements in a text file, all of them or none. */
import { type Static, Type } from "@sinclair/typebox";
import { invalidRequest } from "../../../../base/errors.ts";
import { defineTool } from "../slice.ts";
import { contentOf } from "./content.ts";

const Edit = Type.Object(
  {
    old: Type.String({ minLength: 1, maxLength: 200_000, description: "The text to replace, exactly as in the file." }),
    new: Type.String({ maxLength: 200_000, description: "What stands there then." }),
    all: Type.Optional(Type.Boolean({ description: "Replace every place; else `old` must stand in the file once." })),
  },
  { additionalProperties: false },
);
type Edit = Static<typeof Edit>;

export const edit = defineTool({
  name: "edit",
  summary:
    "Replaces exact pieces of a text file in the workspace. Each `old` must be found exactly once (or set `all`): add " +
    "neighbouring lines until it is unique. When one does not fit, nothing is changed.",
  audience: "owner",
  changes: true,
  params: {
    path: Type.String({ minLength: 1, maxLength: 1_024, description: "Relative to the workspace." }),
    edits: Type.Array(Edit, {
      minItems: 1,
      maxItems: 50,
      description: "In order; each sees what those before it did.",
    }),
  },
  run({ params: { path, edits }, run, gateway }) {
    const files = gateway.workspace.filesFor(run);
    const file = files.read(path);
    const content = contentOf(file.data);
    if (content.kind !== "text") throw invalidRequest(`${file.path} is not a text file`);
    let { text } = content;
    let replaced = 0;
    for (const [index, one] of edits.entries()) {
      const done = apply(text, one, edits.length > 1 ? `edit ${index + 1}: ` : "");
      text = done.text;
      replaced += done.count;
    }
    if (text === content.text) throw invalidRequest("the edits change nothing");
    files.write(path, text);
    return {
      text: `Changed ${file.path} in ${replaced} ${replaced === 1 ? "place" : "places"}.`,
      meta: { path: file.path },
    };
  },
});

/** One replacement. Throws `INVALID_REQUEST` with how often the text is there when that is not once. */
function apply(text: string, edit: Edit, which: string): { text: string; count: number } {
  const [old, wanted] = inLineEndsOf(text, edit);
  const parts = text.split(old);
  const count = parts.length - 1;
  if (count === 0) {
    const near = text.includes(old.trim()) ? " (it is, with other white space around it)" : "";
    throw invalidRequest(`${which}the text to replace is not in the file${near}; read the file and copy it exactly`);
  }
  if (count > 1 && !edit.all)
    throw invalidRequest(`${which}the text to replace is in the file ${count} times; add lines around it, or set all`);
  return { text: parts.join(wanted), count };
}

/** Models write \n; a file with \r\n keeps its own. */
function inLineEndsOf(text: string, { old, new: wanted }: Edit): [string, string] {
  const isDos = !text.includes(old) && text.includes("\r\n");
  const fit = (part: string) => (isDos ? part.replace(/\r?\n/g, "\r\n") : part);
  return [fit(old), fit(wanted)];
}
