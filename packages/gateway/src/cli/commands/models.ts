/** `moltbot models` — which models there are, which one answers, and whether it does. */

import { randomUUID } from "node:crypto";
import { defineCommand, defineGroup } from "../command.ts";
import { applyPatch } from "../config-edit.ts";
import { type Link, withGateway } from "../connect.ts";
import { CliError } from "../exit.ts";
import { duration, facts, table } from "../render.ts";

const NONE_CONNECTED =
  "No model is connected; the built-in commands answer. Set ANTHROPIC_API_KEY, OPENAI_API_KEY or GEMINI_API_KEY where " +
  "the gateway starts, run a local server such as Ollama, or add one under models.providers in the config.";

const list = defineCommand({
  summary: "List the models to choose from",
  run: (call) =>
    withGateway(call, async (link) => {
      const { out } = call;
      const { models, current } = await readModels(link);
      if (call.flags.json) return out.json({ current: current ?? null, models });
      if (models.length === 0) return out.print(NONE_CONNECTED);
      const columns = [
        { title: "", paint: out.style.green },
        { title: "Model", flexible: true },
        { title: "Name", flexible: true },
        { title: "Context", align: "right" as const },
        { title: "Thinks" },
      ];
      const rows = models.map(({ provider, id, name, contextWindow, reasoning }) => [
        current === `${provider}/${id}` ? "●" : "",
        `${provider}/${id}`,
        name === id ? "" : name,
        contextWindow === undefined ? "" : `${Math.round(contextWindow / 1000)}k`,
        reasoning ? "yes" : "",
      ]);
      out.print(table(columns, rows, out));
      out.print(out.style.dim("\nChoose with `moltbot models set MODEL`."));
    }),
});

const set = defineCommand({
  summary: "Choose the model that answers",
  positionals: [{ name: "MODEL" }],
  examples: ["moltbot models set anthropic/claude-sonnet-4-5", "moltbot models set ollama/qwen3"],
  run: (call) =>
    withGateway(call, async (link) => {
      const [model = ""] = call.words;
      if (!/^[^/]+\/.+/.test(model)) {
        throw new CliError(
          `${JSON.stringify(model)} is not a model; write it as provider/model, as \`moltbot models list\` does.`,
        );
      }
      const { models } = await readModels(link);
      const [provider] = model.split("/");
      const providers = [...new Set(models.map((each) => each.provider))];
      if (!providers.includes(provider ?? "")) {
        const have = providers.length > 0 ? `There are ${providers.join(", ")}` : "None is connected yet";
        throw new CliError(
          `No model provider is called ${JSON.stringify(provider)}. ${have}; see \`moltbot models list\`.`,
        );
      }
      await applyPatch(link, { agents: { defaults: { model } } });
      if (call.flags.json) return call.out.json({ model });
      call.out.print(`${model} answers from now on. Try it with \`moltbot models test\`.`);
    }),
});

const status = defineCommand({
  summary: "Show which model answers and which providers are connected",
  run: (call) =>
    withGateway(call, async (link) => {
      const { out } = call;
      const { models, current } = await readModels(link);
      const providers = [...new Set(models.map(({ provider }) => provider))].map((provider) => ({
        provider,
        models: models.filter((each) => each.provider === provider).length,
      }));
      if (call.flags.json) return out.json({ current: current ?? null, providers });
      if (current === undefined && providers.length === 0) return out.print(NONE_CONNECTED);
      const lines = providers.map(
        ({ provider, models }, at) => [at === 0 ? "Providers" : "", `${provider} (${models})`] as const,
      );
      out.print(
        facts([["Answers", current ?? "the built-in commands; choose with `moltbot models set MODEL`"], ...lines], out),
      );
    }),
});

const test = defineCommand({
  summary: "Ask a model for one word and show how long it took",
  positionals: [{ name: "MODEL", optional: true }],
  run: (call) =>
    withGateway(call, async (link) => {
      const { out } = call;
      const [named] = call.words;
      const model = named ?? (await readModels(link)).current;
      if (model === undefined) throw new CliError(NONE_CONNECTED);
      const { reply, tookMs } = await out.during(`Asking ${model}`, ask(link, model));
      if (call.flags.json) return out.json({ model, ok: true, reply, tookMs });
      out.print(`${out.style.green("●")} ${model} answered ${JSON.stringify(reply)} in ${duration(tookMs)}.`);
    }),
});

/** Models and the one that answers. */
export const models = defineGroup({
  summary: "Choose the model that answers, and try it",
  commands: { list, set, status, test },
});

async function readModels({ client, timeoutMs }: Link) {
  const [{ models }, status] = await Promise.all([
    client.request("models.list", {}, { timeoutMs }),
    client.request("status", {}, { timeoutMs }),
  ]);
  return { models, current: status.sessions.defaults.model ?? undefined };
}

/** Asks in a session of its own, which is deleted again. */
async function ask({ client, timeoutMs }: Link, model: string): Promise<{ reply: string; tookMs: number }> {
  const idempotencyKey = randomUUID();
  const key = `models-test-${idempotencyKey.slice(0, 8)}`;
  await client.request("sessions.patch", { key, model }, { timeoutMs });
  const startedAt = performance.now();
  try {
    const message = "Answer with the single word: ready";
    const answer = await client.request("agent", { message, sessionKey: key, idempotencyKey, timeout: 60 });
    const { payloads = [] } = (answer as { result?: { payloads?: { text?: string }[] } }).result ?? {};
    return { reply: (payloads[0]?.text ?? "").trim(), tookMs: Math.round(performance.now() - startedAt) };
  } finally {
    await client.request("sessions.delete", { key }, { timeoutMs }).catch(() => {}); // the answer matters more
  }
}
