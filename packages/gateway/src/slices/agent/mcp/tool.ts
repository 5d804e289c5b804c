/**
 * Turns tools of MCP servers into tools of agents: with names of their own, bounded, and their texts marked as not
 * ours.
 */

import { isRecord } from "../../../base/config/config.ts";
import { sha256Hex } from "../../../base/ids.ts";
import { matchesName } from "../../../base/text/glob.ts";
import type { Tool, ToolAudience, ToolResult } from "../../../kit/tool.ts";
import type { McpResult, McpTool } from "./connection.ts";
import type { McpServer } from "./server.ts";
import { printableText } from "./text.ts";

/** The longest tool name that providers accept: letters, digits, `_` and `-`. */
const MAX_NAME_CHARS = 64;
const MAX_SUMMARY_CHARS = 1_500;
const MAX_SCHEMA_CHARS = 20_000;
const MAX_IMAGES = 4;
const MAX_IMAGE_BYTES = 5_000_000;
const TIMEOUT_SECONDS = 60;

/** The tools of a server, without those that its settings forbid. */
export function toolsOf(server: McpServer, listed: readonly McpTool[], taken: Set<string>): Tool[] {
  const { tools: { allow, deny = [] } = {} } = server.settings;
  const offered = listed.filter(({ name }) => (!allow || matches(name, allow)) && !matches(name, deny));
  return offered.flatMap((tool) => toTool(server, tool, taken) ?? []);
}

function toTool(server: McpServer, listed: McpTool, taken: Set<string>): Tool | undefined {
  const params = schemaOf(listed.inputSchema);
  if (!params) return undefined;
  const { audience = "owner", timeoutSeconds = TIMEOUT_SECONDS } = server.settings;
  const name = toolName(server.name, listed.name, taken);
  taken.add(name);
  return {
    name,
    summary: summaryOf(server.name, listed),
    describedBy: `the MCP server ${server.name}`,
    audience: audience satisfies ToolAudience,
    changes: listed.annotations?.readOnlyHint !== true,
    params,
    timeoutMs: timeoutSeconds * 1000,
    maxChars: undefined,
    run: async ({ params: args, signal }) =>
      toResult(await server.call(listed.name, isRecord(args) ? args : {}, signal), server.name),
  };
}

/** The name `mcp_<server>_<tool>`; one that is too long or taken ends in characters of its hash. */
export function toolName(server: string, tool: string, taken: ReadonlySet<string>): string {
  const plain = `mcp_${legal(server)}_${legal(tool)}`;
  if (plain.length <= MAX_NAME_CHARS && !taken.has(plain)) return plain;
  return `${plain.slice(0, MAX_NAME_CHARS - 9)}_${sha256Hex(`${server}\n${tool}`).slice(0, 8)}`;
}

function legal(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]+/g, "_");
}

function matches(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => matchesName(pattern, name));
}

function summaryOf(server: string, { title, name, description }: McpTool): string {
  const words = printableText(description ?? title ?? name).slice(0, MAX_SUMMARY_CHARS);
  return `Tool of the MCP server "${printableText(server)}", described in its own words: ${words}`;
}

/** The schema of its arguments; undefined when it is invalid, or too long for the conversation. */
function schemaOf(schema: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!isRecord(schema) || JSON.stringify(schema).length > MAX_SCHEMA_CHARS) return undefined;
  const { $schema: _, ...rest } = schema;
  return { ...rest, type: "object", properties: isRecord(rest.properties) ? rest.properties : {} };
}

/** What a server answered, as a model reads it. */
export function toResult(result: McpResult, server: string): ToolResult {
  const parts =
    "content" in result && Array.isArray(result.content) ? (result.content as unknown[]).filter(isRecord) : [];
  const images = parts.flatMap(imageOf).slice(0, MAX_IMAGES);
  const texts = parts.flatMap(textOf);
  const structured = "structuredContent" in result ? result.structuredContent : undefined;
  const other = "toolResult" in result ? result.toolResult : undefined;
  const rest = texts.length > 0 ? undefined : (structured ?? other);
  const text = [...texts, ...(rest === undefined ? [] : [JSON.stringify(rest)])].join("\n");
  const isError = "isError" in result && result.isError === true;
  return {
    text: text === "" && images.length === 0 ? "(nothing)" : text,
    ...(images.length > 0 && { images }),
    ...(isError && { isError }),
    meta: { server },
  };
}

function textOf(part: Readonly<Record<string, unknown>>): string[] {
  const { type, text, resource } = part;
  if (type === "text" && typeof text === "string") return [text];
  if (type === "image") return imageOf(part).length > 0 ? [] : ["[a picture that cannot be shown was left out]"];
  if (type === "audio") return ["[a sound was left out]"];
  if (type === "resource_link") return [`[resource ${String(part.name ?? "")}: ${String(part.uri ?? "")}]`];
  if (type !== "resource" || !isRecord(resource)) return [];
  const { uri, text: content } = resource;
  return [`[resource ${String(uri ?? "")}]${typeof content === "string" ? `\n${content}` : " (not text, left out)"}`];
}

function imageOf({ type, data, mimeType }: Readonly<Record<string, unknown>>) {
  if (type !== "image" || typeof data !== "string" || typeof mimeType !== "string") return [];
  if (!/^image\/(?:png|jpeg|gif|webp)$/.test(mimeType) || data.length > (MAX_IMAGE_BYTES * 4) / 3) return [];
  return [{ mimeType, data: new Uint8Array(Buffer.from(data, "base64")) }];
}
