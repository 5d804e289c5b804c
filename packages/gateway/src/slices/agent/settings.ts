/** The `tools` section: which tools models may call, and for whom. Which agent uses which stands in `agents` too. */
import { type Static, Type } from "@sinclair/typebox";
import { defineSettings } from "../../kit/settings.ts";

const Names = Type.Optional(
  Type.Array(Type.String({ minLength: 1, maxLength: 128 }), {
    description: 'Names of tools; "web_*" and groups such as "group:fs" stand for several.',
  }),
);

const Policy = Type.Object({ allow: Names, deny: Names });
export type ToolPolicy = Static<typeof Policy>;

const Tools = Type.Object({
  allow: Names,
  deny: Names,
  byChannel: Type.Optional(
    Type.Record(Type.String(), Policy, {
      description: 'For runs that answer on a channel: { telegram: { deny: ["exec"] } }.',
    }),
  ),
  bySender: Type.Optional(
    Type.Record(Type.String(), Policy, {
      description: 'For what one person asks: { "telegram:123": { allow: ["web_*"] } }.',
    }),
  ),
});
export type ToolSettings = Static<typeof Tools>;

export const tools = defineSettings({
  path: "tools",
  summary: "Which tools models may call, and for whom.",
  reload: "live",
  schema: Tools,
});
