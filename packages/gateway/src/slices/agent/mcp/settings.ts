/** The `mcp` section: programs and services whose tools the agents may use. */
import { type Static, Type } from "@sinclair/typebox";
import { Address, OneOf, SecretLine, SecretText } from "../../../kit/schema/schema.ts";
import { defineSettings } from "../../../kit/settings.ts";

const Text = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));
const Names = (description: string) =>
  Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 256 }), { description }));

const Server = Type.Object({
  command: Text("The program that speaks MCP over its standard streams."),
  args: Type.Optional(Type.Array(Type.String())),
  env: Type.Optional(
    Type.Record(Type.String(), SecretText, { description: "Its environment, beside PATH, HOME and the like." }),
  ),
  cwd: Text("The folder that it starts in; the state folder by default."),
  url: Type.Optional({
    ...Address,
    description: "The address of a service that speaks MCP over HTTP; private addresses too.",
  }),
  headers: Type.Optional(Type.Record(Type.String(), SecretLine, { description: "Sent with every request to it." })),
  transport: Type.Optional({ ...OneOf("http", "sse"), description: "How a service is spoken to; http by default." }),
  enabled: Type.Optional(Type.Boolean({ description: "Whether it is used; true by default." })),
  tools: Type.Optional(
    Type.Object({
      allow: Names('Which of its tools are offered, by its own names; "get_*" stands for several.'),
      deny: Names("Which are not."),
    }),
  ),
  audience: Type.Optional({
    ...OneOf("owner", "trusted"),
    description: "For whom its tools work: the owner alone, or people who were let in too.",
  }),
  timeoutSeconds: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 3_600, description: "How long one call may take; 60 by default." }),
  ),
});
export type McpServerSettings = Static<typeof Server>;

export const mcp = defineSettings({
  path: "mcp",
  summary: "MCP servers whose tools the agents may use.",
  reload: "live",
  schema: Type.Object({ servers: Type.Optional(Type.Record(Type.String({ minLength: 1, maxLength: 64 }), Server)) }),
});
