/** What the commands of `moltbot models` ask the gateway, and what they say when there is nothing. */
import type { Link } from "../connect.ts";
import { CliError } from "../exit.ts";

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

/** Throws a `CliError` when a word names neither a short name nor a model of a provider that there is. */
export function requireModel(word: string, { models, status }: Awaited<ReturnType<typeof readModels>>): void {
  if (Object.keys(status.aliases).some((alias) => alias.toLowerCase() === word.toLowerCase())) return;
  if (!/^[^/]+\/.+/.test(word)) {
    throw new CliError(
      `${JSON.stringify(word)} is not a model; write it as provider/model, as \`moltbot models list\` does.`,
    );
  }
  const [provider = ""] = word.split("/");
  const known = [...models.map((each) => each.provider), ...status.providers.map(({ id }) => id), ...LOCAL];
  if (known.some((id) => id.toLowerCase() === provider.toLowerCase())) return;
  const names = [...new Set(status.providers.map(({ id }) => id))];
  const have = names.length > 0 ? `There are ${names.join(", ")}` : "None is connected yet";
  throw new CliError(`No model provider is called ${JSON.stringify(provider)}. ${have}; see \`moltbot models list\`.`);
}

/** Servers on this machine that can be named whether they run or not. */
const LOCAL = ["ollama", "lmstudio", "llamacpp", "vllm"];
