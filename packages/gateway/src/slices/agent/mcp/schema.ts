/** MCP servers as the wire says them. */
import { Type } from "@sinclair/typebox";
import { NonEmpty, OneOf } from "../../../kit/schema/schema.ts";

export const McpServerRow = Type.Object({
  name: NonEmpty,
  transport: OneOf("stdio", "http", "sse"),
  audience: OneOf("owner", "trusted"),
  state: OneOf("off", "idle", "connecting", "connected", "failed"),
  tools: Type.Array(NonEmpty, { description: "Names as models see them; known while it is connected." }),
  problem: Type.Optional(Type.String()),
});

export const McpTest = Type.Object({
  name: NonEmpty,
  tools: Type.Array(Type.Object({ name: NonEmpty, summary: Type.String(), changes: Type.Boolean() })),
  durationMs: Type.Integer({ minimum: 0 }),
});
