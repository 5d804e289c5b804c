/** `moltbot models auth` — connects a provider: its key is tried with one real question and then saved. */

import { text } from "node:stream/consumers";
import { defined } from "../../base/defined.ts";
import { type Call, defineCommand } from "../language/command.ts";
import { CliError, usageError } from "../language/exit.ts";
import { type Link, withGateway } from "../reach/connect.ts";
import { ask, canAsk } from "../terminal/prompt.ts";
import { duration } from "../terminal/render.ts";
import { MODEL_MS } from "./read.ts";

const authFlags = {
  "key-stdin": { kind: "switch", summary: "Read the key from standard input" },
  add: { kind: "switch", summary: "Keep it beside the keys there are: the next is used when one is refused" },
  remove: { kind: "switch", summary: "Take the provider's keys out of the config" },
  model: { kind: "text", value: "MODEL", summary: "The model to try", completes: "model" },
  "base-url": { kind: "text", value: "URL", summary: "The address of a provider that is not known by name" },
  api: {
    kind: "text",
    value: "API",
    summary: "Its wire format (openai-compatible)",
    choices: ["openai-compatible", "openai", "anthropic", "google"],
  },
} as const;

type AuthCall = Call<typeof authFlags>;
type Api = (typeof authFlags.api.choices)[number];

export const auth = defineCommand({
  summary: "Connect a provider: its key is tried with one question, then saved",
  positionals: [{ name: "PROVIDER", optional: true, completes: "provider" }],
  flags: authFlags,
  examples: [
    "moltbot models auth anthropic",
    "moltbot models auth openai --key-stdin < key.txt",
    "moltbot models auth mine --base-url https://llm.example.com/v1 --model qwen3",
  ],
  run: (call) =>
    withGateway(call, async (link) => {
      const { client, timeoutMs } = link;
      const status = await client.request("models.status", {}, { timeoutMs });
      const provider = await providerOf(call, status);
      if (call.flags.remove) return await remove(call, link, provider);
      const known = [...status.unconnected, ...status.providers].find(({ id }) => id === provider);
      const key = await keyOf(call, known?.label ?? provider);
      const { add, model, "base-url": baseUrl, api } = call.flags;
      const params = {
        ...{ provider, key },
        ...(add && { add }),
        ...defined({ model, baseUrl }),
        ...(api !== undefined && { api: api as Api }),
      };
      const trying = client.request("models.auth.set", params, { timeoutMs: MODEL_MS });
      const result = await call.out.during("Trying the key", trying);
      if (call.flags.json) return call.out.json(result);
      const { out } = call;
      out.print(`${out.style.green("●")} The key is saved: ${result.model} answered in ${duration(result.latencyMs)}.`);
      out.print(
        result.isChosen
          ? `${result.model} answers from now on. Talk to it with \`moltbot chat\`.`
          : out.style.dim(`Choose it with \`moltbot models set ${result.model}\`; ${status.model} answers now.`),
      );
    }),
});

async function remove({ out, flags }: AuthCall, { client, timeoutMs }: Link, provider: string): Promise<void> {
  const result = await client.request("models.auth.remove", { provider }, { timeoutMs });
  if (flags.json) return out.json(result);
  const { removed, stillConnected } = result;
  const rest = stillConnected ? " A key in the gateway's environment keeps it connected." : "";
  if (removed === 0) throw new CliError(`The config holds no key of ${provider}.${rest}`);
  out.print(
    `${removed === 1 ? "The key" : `${removed} keys`} of ${provider} ${removed === 1 ? "is" : "are"} removed.${rest}`,
  );
}

interface Status {
  readonly unconnected: readonly { readonly id: string; readonly label: string }[];
}

async function providerOf({ words }: AuthCall, { unconnected }: Status): Promise<string> {
  const [word] = words;
  if (word !== undefined) return word.toLowerCase();
  const ids = unconnected.map(({ id }) => id).join(", ");
  if (!canAsk()) throw usageError(`Which provider? For example ${ids}.`);
  const answer = await ask(`Which provider (${ids})? `);
  if (answer === "") throw new CliError("Nothing was changed.");
  return answer.toLowerCase();
}

/** The key is never a word of the command line: other users of the machine could read it there. */
async function keyOf({ flags }: AuthCall, label: string): Promise<string> {
  const isPiped = flags["key-stdin"];
  if (!isPiped && !canAsk()) throw usageError("There is no terminal to ask for the key; pass it with --key-stdin.");
  const key = isPiped ? (await text(process.stdin)).trim() : await ask(`API key of ${label}: `, { isSecret: true });
  if (key === "") throw new CliError("No key was given; nothing was changed.");
  return key;
}
