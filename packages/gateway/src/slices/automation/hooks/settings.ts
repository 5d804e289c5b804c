/** The `hooks` section: who may wake the agent or have it work over HTTP, and how what they send is read. */
import { type Static, Type } from "@sinclair/typebox";
import { Address, OneOf, Secret, SecretLine } from "../../../kit/schema/schema.ts";
import { defineSettings } from "../../../kit/settings.ts";

const Name = Type.String({ minLength: 1, maxLength: 128 });
const Template = Type.String({ minLength: 1, maxLength: 20_000 });
const HeaderName = Type.String({ minLength: 1, maxLength: 128, pattern: "^[A-Za-z0-9-]+$" });
const Names = (description: string) =>
  Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 256 }), { description, maxItems: 100 }));

const Verify = Type.Object(
  {
    scheme: Type.Union(OneOf("github", "stripe", "hmac", "google").anyOf, {
      description:
        "Who signs: GitHub, Stripe, anybody with an HMAC that the fields below describe, or Google with the token of a " +
        "Pub/Sub push.",
    }),
    secret: Type.Optional({ ...SecretLine, description: "Shared with the sender; not for google." }),
    header: Type.Optional({ ...HeaderName, description: "hmac: the header of the signature." }),
    algorithm: Type.Optional({ ...OneOf("sha1", "sha256", "sha512"), description: "hmac: default sha256." }),
    encoding: Type.Optional({ ...OneOf("hex", "base64", "base64url"), description: "hmac: default hex." }),
    prefix: Type.Optional(
      Type.String({ maxLength: 64, description: 'hmac: what stands before the signature, such as "sha256=".' }),
    ),
    timestampHeader: Type.Optional({
      ...HeaderName,
      description: "hmac: the header of the time of sending, epoch seconds or milliseconds; it must be signed.",
    }),
    signed: Type.Optional(
      Type.String({
        maxLength: 256,
        pattern: "\\{body\\}",
        description:
          'hmac: what is signed, with {timestamp} and {body}. Default "{body}", with a timestampHeader "{timestamp}.{body}".',
      }),
    ),
    toleranceSeconds: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 3_600, description: "How far the time of sending may be off. Default 300." }),
    ),
    audience: Type.Optional(
      Type.String({ minLength: 1, maxLength: 512, description: "google: the audience of the subscription." }),
    ),
    email: Type.Optional(
      Type.String({ minLength: 3, maxLength: 256, description: "google: the service account of the subscription." }),
    ),
    keysUrl: Type.Optional({ ...Address, description: "google: where its public keys are; usually left out." }),
  },
  { description: "The signature that proves the sender, in place of hooks.token." },
);
export type VerifySettings = Static<typeof Verify>;

const Mapping = Type.Object({
  id: Type.Optional({ ...Name, description: "Its name in lists; the path when absent." }),
  match: Type.Optional(
    Type.Object({
      path: Type.Optional({ ...Name, description: "What follows hooks.path in the address." }),
      source: Type.Optional({ ...Name, description: "The `source` that the payload names." }),
    }),
  ),
  verify: Type.Optional(Verify),
  eventId: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 256,
      description: 'Where the sender names each event, as in templates: "headers.x-event-id" or "data.id".',
    }),
  ),
  action: Type.Optional({ ...OneOf("agent", "wake"), description: "Default agent: a run of its own." }),
  wakeMode: Type.Optional({ ...OneOf("now", "next-heartbeat"), description: "Default now." }),
  name: Type.Optional({ ...Name, description: "What people see." }),
  agentId: Type.Optional({ ...Name, description: "Which agent works; the default one when absent." }),
  sessionKey: Type.Optional({
    ...Template,
    description: 'The conversation, a template: "hook:mail:{{from}}". A new one for each delivery when absent.',
  }),
  instructions: Type.Optional(
    Type.String({ minLength: 1, maxLength: 20_000, description: "Your words to the agent about each delivery." }),
  ),
  messageTemplate: Type.Optional({ ...Template, description: "agent: what it is told of the delivery." }),
  textTemplate: Type.Optional({ ...Template, description: "wake: what the main conversation is told." }),
  transform: Type.Optional(
    Type.Object({
      module: Type.String({ minLength: 1, maxLength: 256, description: "A file in hooks.transformsDir." }),
      export: Type.Optional({ ...Name, description: "Default default, else transform." }),
    }),
  ),
  forEach: Type.Optional({ ...Name, description: "A list in the payload; one delivery for each item, at most 200." }),
  deliver: Type.Optional(Type.Boolean({ description: "Whether the reply is sent over a channel. Default true." })),
  channel: Type.Optional({ ...Name, description: 'Default "last": where the agent was last spoken to.' }),
  to: Type.Optional({ ...Name, description: "To whom, as the channel names people and chats." }),
  accountId: Type.Optional(Name),
  threadId: Type.Optional(Name),
  model: Type.Optional({ ...Name, description: "The model of its conversations; only for those of hooks." }),
  thinking: Type.Optional(OneOf("off", "minimal", "low", "medium", "high", "xhigh")),
  timeoutSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400 })),
});
export type Mapping = Static<typeof Mapping>;

const Hooks = Type.Object({
  enabled: Type.Boolean({ default: false, description: "Whether other programs may call." }),
  path: Type.String({
    default: "/hooks",
    pattern: "^(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+$",
    maxLength: 128,
    description: "Where they call, on the gateway's port.",
  }),
  token: Type.Optional({
    ...Secret,
    description: "What a caller shows in `Authorization: Bearer`; another than the gateway's own.",
  }),
  allowQueryToken: Type.Boolean({
    default: false,
    description: "Whether the token may stand in the address (?token=), where logs of proxies keep it.",
  }),
  maxBodyBytes: Type.Integer({ default: 262_144, minimum: 1_024, maximum: 10 * 1_024 * 1_024 }),
  maxPerMinute: Type.Integer({
    default: 240,
    minimum: 1,
    maximum: 10_000,
    description: "How many deliveries each hook takes in a minute; more are refused with 429.",
  }),
  keepDays: Type.Integer({
    default: 14,
    minimum: 7,
    maximum: 365,
    description: "How long deliveries are listed, and a repeated one is recognised.",
  }),
  rights: Type.Union(OneOf("stranger", "owner").anyOf, {
    default: "stranger",
    description: "Whose tools runs of hooks may use. Anybody may write what a hook passes on: choose owner with care.",
  }),
  tools: Type.Optional(
    Type.Object(
      { allow: Names("Names of tools."), deny: Names("Names of tools.") },
      { description: "Which of these tools runs of hooks may use." },
    ),
  ),
  defaultSessionKey: Type.Optional({ ...Name, description: "The conversation of calls that name none." }),
  allowRequestSessionKey: Type.Boolean({ default: false, description: "Whether a caller may name the conversation." }),
  allowedSessionKeyPrefixes: Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
    default: ["hook:"],
    maxItems: 100,
    description: "How a conversation that a caller or a payload names must begin.",
  }),
  allowedAgentIds: Names('Which agents calls may name; all when absent, or with "*".'),
  presets: Type.Array(Type.Literal("gmail"), {
    default: [],
    maxItems: 10,
    description: "Mappings that come with the gateway; yours are tried first.",
  }),
  transformsDir: Type.Optional(
    Type.String({ minLength: 1, maxLength: 4_096, description: "Default hooks/transforms in the state folder." }),
  ),
  mappings: Type.Array(Mapping, {
    default: [],
    maxItems: 200,
    description: "What becomes of other calls; the first that fits is used.",
  }),
});
export type HooksSettings = Static<typeof Hooks>;

export const hooks = defineSettings({
  path: "hooks",
  summary: "Calls of other programs over HTTP that wake the agent or have it work.",
  reload: "live",
  schema: Hooks,
});
