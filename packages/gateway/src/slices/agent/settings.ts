/** The `tools` section: which tools models may call, and for whom. Which agent uses which stands in `agents` too. */
import { type Static, Type } from "@sinclair/typebox";
import { Secret } from "../../kit/schema.ts";
import { defineSettings } from "../../kit/settings.ts";

const Names = Type.Optional(
  Type.Array(Type.String({ minLength: 1, maxLength: 128 }), {
    description: 'Names of tools; "web_*" and groups such as "group:fs" stand for several.',
  }),
);

const Policy = Type.Object({ allow: Names, deny: Names });
export type ToolPolicy = Static<typeof Policy>;

const Web = Type.Object({
  allowPrivateHosts: Type.Optional(
    Type.Array(Type.String({ minLength: 3, maxLength: 300, pattern: ":\\d+$" }), {
      description:
        'Services at home that web_fetch may ask although they are not on the internet: ["nas.local:8080"], exactly.',
    }),
  ),
  search: Type.Optional(
    Type.Object({
      provider: Type.Optional(
        Type.Union(
          (["brave", "tavily", "exa", "serper", "searxng"] as const).map((id) => Type.Literal(id)),
          { description: "Who searches; when not said, whoever a key or address is there for." },
        ),
      ),
      apiKey: Type.Optional({ ...Secret, description: "Else the provider's usual environment variable." }),
      baseUrl: Type.Optional(
        Type.String({ minLength: 1, maxLength: 500, description: "Of your own SearXNG, or of a proxy." }),
      ),
      maxResults: Type.Optional(Type.Integer({ minimum: 1, maximum: 20, description: "5 when not said." })),
    }),
  ),
});
export type WebSettings = Static<typeof Web>;

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
  web: Type.Optional(Web),
});
export type ToolSettings = Static<typeof Tools>;

export const tools = defineSettings({
  path: "tools",
  summary: "Which tools models may call, and for whom.",
  reload: "live",
  schema: Tools,
});
