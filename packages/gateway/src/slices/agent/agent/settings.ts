/** The `tools` section: which tools models may call, and for whom. Which agent uses which is in `agents` too. */
import { type Static, Type } from "@sinclair/typebox";
import { OneOf, Secret } from "../../../kit/schema/schema.ts";
import { defineSettings } from "../../../kit/settings.ts";

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
          { description: "The search provider; by default the first that has a key or an address." },
        ),
      ),
      apiKey: Type.Optional({ ...Secret, description: "Else the provider's usual environment variable." }),
      baseUrl: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 500,
          format: "uri",
          description: "Of your own SearXNG, or of a proxy.",
        }),
      ),
      maxResults: Type.Optional(Type.Integer({ minimum: 1, maximum: 20, description: "5 by default." })),
    }),
  ),
});
export type WebSettings = Static<typeof Web>;

/** How commands run. The stricter of these settings and the approvals file counts. */
const Exec = Type.Object({
  host: Type.Optional({
    ...OneOf("gateway", "sandbox", "node"),
    description: "Where commands run. Default gateway: on this machine.",
  }),
  node: Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: "Which node, when host is node." })),
  security: Type.Optional({
    ...OneOf("deny", "allowlist", "full"),
    description: "No commands, those on the allowlist and those that you allow, or all. Default allowlist.",
  }),
  ask: Type.Optional({
    ...OneOf("off", "on-miss", "always"),
    description: "When you are asked: never, for what is not on the allowlist, or always. Default on-miss.",
  }),
  safeBins: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
      description:
        "Programs that need no approval while they only turn input into output. Default jq, grep, head and such.",
    }),
  ),
  timeoutSeconds: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 3_600, description: "How long a command may run. Default 120." }),
  ),
  approvalSeconds: Type.Optional(
    Type.Integer({ minimum: 10, maximum: 3_600, description: "How long an approval is waited for. Default 120." }),
  ),
});

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
  exec: Type.Optional(Exec),
});
export type ToolSettings = Static<typeof Tools>;

/** `ToolSettings` and how channels spell people, so that an entry of `bySender` is found however it is written. */
export interface ToolRules extends ToolSettings {
  readonly normalSender?: ((key: string) => string) | undefined;
}

export const tools = defineSettings({
  path: "tools",
  summary: "Which tools models may call, and for whom.",
  reload: "live",
  schema: Tools,
});
