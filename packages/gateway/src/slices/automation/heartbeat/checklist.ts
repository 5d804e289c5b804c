/** The agent's HEARTBEAT.md: whether it asks for anything, and whether it or a file that it names has changed. */
import { createHash } from "node:crypto";
import { GatewayError } from "../../../base/errors.ts";
import type { Confined } from "../../agent/workspace/workspace.ts";

export const CHECKLIST = "HEARTBEAT.md";

export type Checklist =
  | { readonly kind: "missing" }
  | { readonly kind: "empty" }
  /** `state` changes with the file, with the files that it names, and when a date in it comes. */
  | { readonly kind: "tasks"; readonly state: string };

const MAX_BYTES = 200_000;
const MAX_NAMED = 20;
/** Headings have a space after their marks: "#TODO" is a task. */
const NOTHING = /^\s*(?:#{1,6}(?:\s.*)?|[-*+](?:\s+\[[ xX]?\])?)?\s*$/;
const DATE = /\b\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2})?\b/g;
const FILE = /[\w./-]*\w\.[A-Za-z]\w{0,9}\b/g;

/** Reads the list. `minute` is the present one in the agent's zone: "2026-11-29 08:05". */
export function readChecklist(files: Confined, minute: string): Checklist {
  const text = textOf(files, CHECKLIST);
  if (text === undefined) return { kind: "missing" };
  if (isEmptyList(text)) return { kind: "empty" };
  const due = [...text.matchAll(DATE)].map(([date]) => date.replace("T", " ")).filter((date) => date <= minute);
  const named = [...new Set([...text.matchAll(FILE)].map(([path]) => path))].filter((path) => path !== CHECKLIST);
  const contents = named.slice(0, MAX_NAMED).map((path) => [path, textOf(files, path) ?? null]);
  const state = createHash("sha256")
    .update(JSON.stringify([text, due, contents]))
    .digest("hex");
  return { kind: "tasks", state };
}

/** Whether a list holds only blank lines, headings and items without words. */
export function isEmptyList(text: string): boolean {
  return text.split(/\r?\n/).every((line) => NOTHING.test(line));
}

function textOf(files: Confined, path: string): string | undefined {
  try {
    return files.readStart(path, MAX_BYTES).data.toString("utf8");
  } catch (error) {
    // A file that is missing, or that the agent may not read, says nothing.
    if (error instanceof GatewayError) return undefined;
    throw error;
  }
}
