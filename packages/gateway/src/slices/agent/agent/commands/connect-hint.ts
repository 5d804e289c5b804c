/** The sentence that says what the built-in agent is, and how to connect a model. */
import type { AgentServices } from "../services.ts";

/** Names models on this machine first, because one message connects them. */
export function connectHint({ models }: Pick<AgentServices, "models">): string {
  const intro = "I am the gateway's built-in command agent, not a language model.";
  const [found] = models.found();
  const [model] = found?.models ?? [];
  if (found && model) {
    return `${intro} ${found.label} runs on this machine: \`/model ${found.id}/${model.id}\` connects it.`;
  }
  return (
    `${intro} To connect one, open the page *Models* in WebChat, run \`moltbot models auth anthropic\` (or openai, google, …) where the gateway runs, ` +
    "or start a local server such as Ollama and type `/model`."
  );
}
