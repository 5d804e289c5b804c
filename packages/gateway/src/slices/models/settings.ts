/** The `models` section: where models are and how to reach them. Which one is used stands in `agents`. */
import { type Static, Type } from "@sinclair/typebox";
import { OneOf, Secret } from "../../kit/schema.ts";
import { defineSettings } from "../../kit/settings.ts";

/** The wire formats we speak, each also under the name that older configs use for it. */
export const ModelApi = OneOf(
  ...["openai-compatible", "openai", "anthropic", "google"],
  ...["openai-completions", "openai-responses", "anthropic-messages", "google-generative-ai"],
);

const Model = Type.Object({
  id: Type.String({ minLength: 1 }),
  name: Type.Optional(Type.String({ minLength: 1 })),
  contextWindow: Type.Optional(Type.Integer({ minimum: 1, description: "In tokens." })),
  reasoning: Type.Optional(Type.Boolean()),
  input: Type.Optional(Type.Unknown()),
  cost: Type.Optional(Type.Unknown()),
  maxTokens: Type.Optional(Type.Unknown()),
});

const Provider = Type.Object({
  api: Type.Optional(ModelApi),
  baseUrl: Type.Optional(Type.String({ minLength: 1, description: "For example http://127.0.0.1:11434/v1." })),
  apiKey: Type.Optional(Secret),
  headers: Type.Optional(Type.Record(Type.String(), Type.String())),
  models: Type.Optional(Type.Array(Model)),
});

const Models = Type.Object({
  detectLocal: Type.Boolean({
    default: true,
    description: "Look for Ollama, LM Studio and llama.cpp on this machine and offer them.",
  }),
  providers: Type.Optional(Type.Record(Type.String(), Provider)),
});
export type ModelSettings = Static<typeof Models>;

export const models = defineSettings({
  path: "models",
  summary: "Model providers beside those that environment variables switch on.",
  reload: "live",
  schema: Models,
});
