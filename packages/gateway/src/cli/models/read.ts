/** What the commands of `moltbot models` ask the gateway, and what they say when there is nothing. */
import type { Link } from "../reach/connect.ts";

/** The sentence for a gateway without a model. */
export const NONE_CONNECTED =
  "No model is connected; the built-in commands answer. Connect one with `moltbot models auth anthropic` (or openai, " +
  "google, …), or run a local server such as Ollama and see `moltbot models scan`.";

/** A question to a model may take a minute, ms. */
export const MODEL_MS = 75_000;

/** The models there are, and how they are chosen. */
export async function readModels({ client, timeoutMs }: Link) {
  const [{ models }, status] = await Promise.all([
    client.request("models.list", {}, { timeoutMs }),
    client.request("models.status", {}, { timeoutMs }),
  ]);
  return { models, status };
}
