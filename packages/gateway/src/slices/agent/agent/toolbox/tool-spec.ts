/**
 * The description of a tool for a model. Texts of another program about its tools are framed, down to each argument.
 */

import { framed, framedLine, type Source } from "../../../../kit/text/framing.ts";
import type { Tool } from "../../../../kit/tool.ts";
import type { ToolSpec } from "../../models/port.ts";

const MAX_CHARS = 1_000;
/** Deeper parts of schemas are not read, so they are not passed on. */
const MAX_DEPTH = 32;
/** Keywords of JSON Schema whose values are texts for readers. */
const WORDS: ReadonlySet<string> = new Set(["description", "title"]);
/** Keywords that no model needs. */
const LEFT_OUT: ReadonlySet<string> = new Set(["$comment", "examples"]);

/** Describes the tool, with the mark of the run. */
export function toolSpec(mark: string, { name, summary, params, describedBy }: Tool): ToolSpec {
  if (describedBy === undefined) return { name, description: summary, parameters: params };
  const from: Source = { kind: "tool-description", id: describedBy };
  return {
    name,
    description: framed(mark, { text: summary, from }),
    parameters: schemaOf(params as Readonly<Record<string, unknown>>, (text) =>
      framedLine(mark, { text, from }, MAX_CHARS),
    ),
  };
}

function schemaOf(
  schema: Readonly<Record<string, unknown>>,
  frame: (text: string) => string,
): Readonly<Record<string, unknown>> {
  return withWords(schema, frame, 0) as Readonly<Record<string, unknown>>;
}

function withWords(value: unknown, frame: (text: string) => string, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) return {};
  if (Array.isArray(value)) return value.map((each) => withWords(each, frame, depth + 1));
  const entries = Object.entries(value).flatMap(([key, each]): [string, unknown][] => {
    if (WORDS.has(key) && typeof each === "string") return [[key, frame(each)]];
    // An argument may have this name; its value is then a schema.
    if (LEFT_OUT.has(key) && (typeof each !== "object" || Array.isArray(each))) return [];
    return [[key, withWords(each, frame, depth + 1)]];
  });
  return Object.fromEntries(entries);
}
