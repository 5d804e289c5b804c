/** The methods of MCP servers: how they are, and trying one. */
import { Type } from "@sinclair/typebox";
import { McpServerRow, McpTest } from "./schema.ts";
import { defineMethod } from "./slice.ts";

export const status = defineMethod({
  name: "mcp.status",
  summary: "The configured MCP servers and how they are; a server is connected when a run first needs it.",
  access: "operator.read",
  params: {},
  result: Type.Object({ servers: Type.Array(McpServerRow) }),
  handler: ({ gateway: { mcp } }) => ({ servers: mcp.status() }),
});

export const test = defineMethod({
  name: "mcp.test",
  summary: "Connects an MCP server now and lists its tools.",
  access: "operator.admin",
  params: { name: Type.String({ minLength: 1, maxLength: 64 }) },
  result: McpTest,
  handler: ({ params, gateway: { mcp } }) => mcp.test(params.name),
});
