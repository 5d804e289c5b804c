/** `moltbot models list` and `moltbot models status`. */

import { defineCommand } from "../language/command.ts";
import { wordFor } from "../language/word-for.ts";
import { withGateway } from "../reach/connect.ts";
import { duration, facts, table } from "../terminal/render.ts";
import { NONE_CONNECTED, readModels } from "./read.ts";

export const list = defineCommand({
  summary: "List the models to choose from",
  run: (call) =>
    withGateway(call, async (link) => {
      const { out } = call;
      const { models, status } = await readModels(link);
      const current = status.model ?? undefined;
      if (call.flags.json) return out.json({ current: current ?? null, aliases: status.aliases, models });
      if (models.length === 0)
        return out.print(current ? `${current} answers; its provider lists no models.` : NONE_CONNECTED);
      const columns = [
        { title: "", paint: out.style.green },
        { title: "Model" },
        { title: "Name", flexible: true },
        { title: "Context", align: "right" as const },
        { title: "Thinks" },
        { title: "Sees" },
      ];
      const rows = models.map(({ provider, id, name, contextWindow, reasoning, input }) => [
        current === `${provider}/${id}` ? "●" : "",
        `${provider}/${id}`,
        nameOf(`${provider}/${id}`, name === id ? "" : name, status.aliases),
        thousands(contextWindow),
        reasoning ? "yes" : "",
        input?.includes("image") ? "yes" : "",
      ]);
      out.print(table(columns, rows, out));
      out.print(out.style.dim("\nChoose with `moltbot models set MODEL`."));
    }),
});

export const status = defineCommand({
  summary: "Show which model answers, who stands in for it, and how the keys are",
  run: (call) =>
    withGateway(call, async (link) => {
      const { out } = call;
      const { model, fallbacks, aliases, providers, unconnected } = (await readModels(link)).status;
      if (call.flags.json) return out.json({ model, fallbacks, aliases, providers, unconnected });
      if (model === null && providers.length === 0) return out.print(NONE_CONNECTED);
      const names = Object.entries(aliases).map(([alias, ref]) => `${alias} = ${ref}`);
      out.print(
        facts(
          [
            ["Answers", model ?? "the built-in commands; choose with `moltbot models set MODEL`"],
            ["Stands in", fallbacks.length > 0 ? fallbacks.join(", then ") : undefined],
            ["Short names", names.length > 0 ? names.join(", ") : undefined],
          ],
          out,
        ),
      );
      const columns = [
        { title: "Provider", paint: out.style.cyan },
        { title: "From" },
        {
          title: "Keys",
          flexible: true,
          paint: (cell: string) => (/rest|rejected/.test(cell) ? out.style.red(cell) : cell),
        },
        { title: "Address", flexible: true },
      ];
      const rows = providers.map(({ id, origin, keys, baseUrl }) => [
        id,
        wordFor(ORIGINS, origin),
        keysOf(keys),
        baseUrl,
      ]);
      if (rows.length > 0) out.print(`\n${table(columns, rows, out)}`);
      if (unconnected.length > 0) {
        const ids = unconnected.map(({ id }) => id).join(", ");
        out.print(out.style.dim(`\nConnect another with \`moltbot models auth PROVIDER\`: ${ids}.`));
      }
    }),
});

const ORIGINS = { config: "config", environment: "environment", found: "this machine" } as const;

function nameOf(ref: string, name: string, aliases: Readonly<Record<string, string>>): string {
  const short = Object.entries(aliases).filter(([, named]) => named.toLowerCase() === ref.toLowerCase());
  return [name, ...short.map(([alias]) => `“${alias}”`)].filter((each) => each !== "").join(" ");
}

interface Key {
  readonly number: number;
  readonly state: string;
  readonly restsUntil?: number;
}

/** How many keys there are; each by its number when something is wrong with one. */
function keysOf(keys: readonly Key[]): string {
  if (keys.length === 0) return "none";
  if (keys.every(({ state }) => state === "ready")) return String(keys.length);
  return keys.map((key) => `${key.number}: ${stateOf(key)}`).join(", ");
}

function stateOf({ state, restsUntil }: Key): string {
  const rest = restsUntil === undefined ? "" : `, rests ${duration(Math.max(0, restsUntil - Date.now()))}`;
  return `${state}${rest}`;
}

/** A window in thousands of tokens. */
export function thousands(tokens: number | undefined): string {
  return tokens === undefined ? "" : `${Math.round(tokens / 1000)}k`;
}
