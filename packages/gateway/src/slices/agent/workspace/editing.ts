/** What people edit in a workspace over the wire: the pages that agents read by themselves, and no other file. */
import { createHash } from "node:crypto";
import { GatewayError, invalidRequest } from "../../../base/errors.ts";
import type { Confined } from "./files/confined.ts";

/** The pages, in the order in which a prompt has them; the heartbeat reads the last. */
const EDITABLE = ["AGENTS.md", "SOUL.md", "IDENTITY.md", "USER.md", "MEMORY.md", "HEARTBEAT.md"];

/** Of one page; a prompt takes in less. */
const MAX_BYTES = 200_000;

/** A page as the wire shows it. */
export interface EditableFile {
  readonly name: string;
  readonly path: string;
  readonly missing: boolean;
  readonly size?: number;
  readonly updatedAtMs?: number;
}

/** A page with its text, and the hash that a write must name. */
export interface OpenedFile extends EditableFile {
  readonly content: string;
  readonly hash: string;
}

/** The pages that there are, and those that there could be. */
export function editableFiles(files: Confined): EditableFile[] {
  return EDITABLE.map((name) => factsOf(files, name));
}

/** A page; one that is not there is empty. Throws `INVALID_REQUEST` for other files, links, and what is no text. */
export function openEditable(files: Confined, name: string): OpenedFile {
  requireEditable(name);
  const facts = factsOf(files, name);
  const data = facts.missing && files.lstat(name) === undefined ? Buffer.alloc(0) : files.read(name, MAX_BYTES).data;
  const content = data.toString("utf8");
  if (!Buffer.from(content, "utf8").equals(data))
    throw invalidRequest(`${name} is not all UTF-8; open it with an editor on the gateway's machine`);
  return { ...facts, content, hash: hashOf(data) };
}

/** Writes a page when it is still as `baseHash` says. Throws `INVALID_REQUEST` when somebody changed it meanwhile. */
export function writeEditable(
  files: Confined,
  { name, content, baseHash }: { name: string; content: string; baseHash?: string | undefined },
): OpenedFile {
  const before = openEditable(files, name);
  if (baseHash !== undefined && baseHash !== before.hash)
    throw new GatewayError("INVALID_REQUEST", `${name} was changed meanwhile; read it again and repeat your change`);
  files.write(name, content);
  return openEditable(files, name);
}

function requireEditable(name: string): void {
  if (!EDITABLE.includes(name))
    throw invalidRequest(`${JSON.stringify(name)} cannot be edited here; there are ${EDITABLE.join(", ")}`);
}

function factsOf(files: Confined, name: string): EditableFile {
  const stat = files.stat(name);
  if (stat === undefined) return { name, path: name, missing: true };
  return { name, path: name, missing: false, size: stat.size, updatedAtMs: Math.round(stat.mtimeMs) };
}

function hashOf(data: Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}
