/** The `models` section: where models are and how to reach them. Which one is used is in `agents`. */
import { type Static, Type } from "@sinclair/typebox";
import { Address, OneOf, Secret, SecretLine } from "../../../kit/schema/schema.ts";
import { defineSettings } from "../../../kit/settings.ts";
import { ModelApi } from "./schema.ts";

const Dollars = Type.Number({ minimum: 0 });

const Cost = Type.Object(
  {
    input: Dollars,
    output: Dollars,
    cacheRead: Type.Optional(Dollars),
    cacheWrite: Type.Optional(Dollars),
  },
  { description: "US dollars for a million tokens." },
);

const Model = Type.Object({
  id: Type.String({ minLength: 1 }),
  name: Type.Optional(Type.String({ minLength: 1 })),
  contextWindow: Type.Optional(Type.Integer({ minimum: 1, description: "In tokens." })),
  reasoning: Type.Optional(Type.Boolean({ description: "Whether it can think before it answers." })),
  input: Type.Optional(
    Type.Array(OneOf("text", "image"), { description: 'What it takes: ["text"] or ["text", "image"].' }),
  ),
  tools: Type.Optional(Type.Boolean({ description: "Whether it can call tools; false sends it none." })),
  cost: Type.Optional(Cost),
  maxTokens: Type.Optional(Type.Integer({ minimum: 1, description: "The longest answer, in tokens." })),
});

const Provider = Type.Object({
  api: Type.Optional(ModelApi),
  baseUrl: Type.Optional({ ...Address, description: "For example http://127.0.0.1:11434/v1." }),
  apiKey: Type.Optional(Secret),
  apiKeys: Type.Optional(
    Type.Array(Secret, {
      maxItems: 16,
      description: "More keys, beside apiKey or the environment's: the next is used when one is refused or exhausted.",
    }),
  ),
  headers: Type.Optional(Type.Record(Type.String(), SecretLine)),
  timeoutSeconds: Type.Optional(
    Type.Integer({ minimum: 5, maximum: 3_600, description: "How long it may send nothing; 120 by default." }),
  ),
  models: Type.Optional(Type.Array(Model)),
});

const Models = Type.Object({
  detectLocal: Type.Boolean({
    default: true,
    description: "Look for Ollama, LM Studio, llama.cpp and vLLM on this machine and offer them.",
  }),
  aliases: Type.Optional(
    Type.Record(Type.String({ minLength: 1, maxLength: 64 }), Type.String({ minLength: 1 }), {
      description: 'Short names: { fast: "groq/llama-3.3-70b-versatile" }.',
    }),
  ),
  providers: Type.Optional(Type.Record(Type.String(), Provider)),
});
export type ModelSettings = Static<typeof Models>;

export const models = defineSettings({
  path: "models",
  summary: "Model providers beside those that environment variables switch on.",
  reload: "live",
  schema: Models,
});
