/** Results of nodes for a model: pictures to look at, files in the workspace, everything else as text. */
import { isRecord } from "../../../base/config/config.ts";
import { GatewayError, ignore } from "../../../base/errors.ts";
import type { ToolResult } from "../../../kit/tool.ts";
import { pictureOf } from "../agent/agent.ts";
import type { Confined } from "../workspace/workspace.ts";

export interface ResultContext {
  /** The files of the agent's workspace. */
  readonly files: Confined;
  readonly command: string;
  readonly node: string;
  /** Epoch ms. */
  readonly at: number;
}

/** The folder of the workspace for what nodes send. */
const FOLDER = "media";
/** The largest file of a workspace, bytes. */
const MAX_BYTES = 10_000_000;

/** What a model is told of a result. Throws `UNAVAILABLE` when its file is too large or damaged. */
export async function keptResult(payload: unknown, context: ResultContext): Promise<ToolResult> {
  const { format, base64, ...rest } = isRecord(payload) ? payload : {};
  if (typeof base64 !== "string") return { text: textOf(payload, context) };
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) throw unusable("the node sent a damaged file; ask it again");
  const data = Buffer.from(base64, "base64");
  if (data.byteLength === 0) throw unusable("the node sent an empty file");
  if (data.byteLength > MAX_BYTES)
    throw unusable(
      `the file has ${data.byteLength} bytes, and ${MAX_BYTES} can be kept; ask for a smaller picture or a shorter film`,
    );
  const path = `${FOLDER}/${nameOf(format, context)}`;
  context.files.write(path, data);
  const about = Object.entries(rest).flatMap(([name, value]) =>
    ["number", "boolean"].includes(typeof value) ? [`${name} ${String(value)}`] : [],
  );
  const text = `Saved in the workspace as ${path} (${[`${data.byteLength} bytes`, ...about].join(", ")}).`;
  try {
    return { text, images: [await pictureOf(data)], meta: { path } };
  } catch (error) {
    ignore(error, "a film, or a picture that models do not take, is a file only");
    return { text, meta: { path } };
  }
}

function textOf(payload: unknown, { command, node }: ResultContext): string {
  if (payload === null || payload === undefined || (isRecord(payload) && Object.keys(payload).length === 0))
    return `${node} has done it: ${command}.`;
  return typeof payload === "string" ? payload : JSON.stringify(payload);
}

function nameOf(format: unknown, { node, command, at }: ResultContext): string {
  const ending = typeof format === "string" && /^[A-Za-z0-9]{1,8}$/.test(format) ? format.toLowerCase() : "bin";
  const stamp = new Date(at).toISOString().replace(/[:.]/g, "-").slice(0, 23);
  const plain = (text: string) =>
    text
      .replace(/[^\p{L}\p{N}]+/gu, "-")
      .replace(/^-+|-+$/g, "")
      .slice(0, 40);
  return `${[plain(node), plain(command), stamp].filter(Boolean).join("-")}.${ending}`;
}

function unusable(message: string): GatewayError {
  return new GatewayError("UNAVAILABLE", message);
}
