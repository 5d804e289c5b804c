/** Models as the wire says them (protocol: models.list; the rest is ours). */
import { type Static, Type } from "@sinclair/typebox";
import { Closed, Millis, NonEmpty, Nullable, OneOf } from "../../../kit/schema/schema.ts";

/** The wire formats we speak, each also under the name that older configs use for it. */
export const ModelApi = OneOf(
  ...["openai-compatible", "openai", "anthropic", "google"],
  ...["openai-completions", "openai-responses", "anthropic-messages", "google-generative-ai"],
);

const Input = Type.Array(OneOf("text", "image"));

export const ModelChoiceV3 = Closed({
  id: NonEmpty,
  name: NonEmpty,
  provider: NonEmpty,
  contextWindow: Type.Optional(Type.Integer({ minimum: 1 })),
  reasoning: Type.Optional(Type.Boolean()),
  input: Type.Optional(Input),
});

/** A model as catalogues of protocol 4 show it; what is not known is absent. */
export const ModelChoice = Closed({
  id: NonEmpty,
  name: NonEmpty,
  provider: NonEmpty,
  contextWindow: Type.Optional(Type.Integer({ minimum: 1 })),
  reasoning: Type.Optional(Type.Boolean()),
  input: Type.Optional(Input),
  local: Type.Optional(Type.Boolean({ description: "Whether it runs on this machine." })),
  available: Type.Optional(Type.Boolean({ description: "Whether it can be asked now." })),
  tags: Type.Optional(Type.Array(NonEmpty, { description: "`default` for the one that answers when none is chosen." })),
  thinkingLevels: Type.Optional(Type.Array(NonEmpty)),
  thinkingDefault: Type.Optional(NonEmpty),
});
export type ModelChoice = Static<typeof ModelChoice>;

const KeyStatus = Closed({
  number: Type.Integer({ minimum: 1, description: "The key itself is never shown." }),
  state: OneOf("ready", "rate-limited", "no-credit", "rejected"),
  restsUntil: Type.Optional(Millis),
});

const ProviderStatus = Closed({
  id: NonEmpty,
  label: NonEmpty,
  api: NonEmpty,
  baseUrl: Type.String(),
  origin: OneOf("config", "environment", "found"),
  models: Type.Integer({ minimum: 0, description: "How many are known by name; others can be asked for too." }),
  keys: Type.Array(KeyStatus),
});

/** A provider's key as `models.authStatus` says it. */
export const ProviderAuth = Closed({
  provider: NonEmpty,
  authProvider: NonEmpty,
  displayName: NonEmpty,
  status: OneOf("ok", "expired"),
  profiles: Type.Array(Type.Unknown()),
  apiKey: Type.Optional(Closed({ source: OneOf("config", "env") })),
});

/** Which model answers, who stands in for it, and who hosts them. */
export const ModelsStatus = Closed({
  model: Nullable(NonEmpty),
  fallbacks: Type.Array(NonEmpty),
  aliases: Type.Record(Type.String(), Type.String()),
  providers: Type.Array(ProviderStatus),
  unconnected: Type.Array(Closed({ id: NonEmpty, label: NonEmpty, keyEnv: Type.Array(NonEmpty) }), {
    description: "Hosted providers of which only the key is missing.",
  }),
});

/** The result of one question to a model. */
export const ModelTrial = Closed({
  model: NonEmpty,
  reply: Type.String(),
  latencyMs: Type.Integer({ minimum: 0 }),
  firstTokenMs: Type.Integer({ minimum: 0 }),
  callsTools: Type.Optional(Type.Boolean()),
  seesImages: Type.Optional(Type.Boolean()),
});

const ScannedModel = Closed({
  id: NonEmpty,
  contextWindow: Type.Optional(Type.Integer({ minimum: 1 })),
  largestWindow: Type.Optional(Type.Integer({ minimum: 1 })),
  input: Type.Optional(Input),
  tools: Type.Optional(Type.Boolean()),
  reasoning: Type.Optional(Type.Boolean()),
  isLoaded: Type.Optional(Type.Boolean()),
  tried: Type.Boolean({ description: "What it can do was found out by asking it." }),
});

/** A model server on this machine. What is not known of a model is absent. */
export const ScannedServer = Closed({
  id: NonEmpty,
  label: NonEmpty,
  software: OneOf("ollama", "lmstudio", "llamacpp", "vllm", "unknown"),
  baseUrl: Type.String(),
  models: Type.Array(ScannedModel),
});
