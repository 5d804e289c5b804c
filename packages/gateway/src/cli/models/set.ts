/** `moltbot models set` — the model that answers, who stands in for it, and short names. */
import { defined } from "../../base/defined.ts";
import { type Call, defineCommand } from "../language/command.ts";
import { sessionFlag } from "../language/common-flags.ts";
import { usageError } from "../language/exit.ts";
import { withGateway } from "../reach/connect.ts";

const setFlags = {
  session: { ...sessionFlag.session, summary: "For one conversation only" },
  fallback: { kind: "switch", summary: "Ask it when the chosen model cannot answer" },
  alias: { kind: "text", value: "NAME", summary: "Give it a short name" },
  remove: { kind: "switch", summary: "Take back: with --session, --fallback or --alias" },
} as const;

type SetCall = Call<typeof setFlags>;

export const set = defineCommand({
  summary: "Choose the model that answers",
  positionals: [{ name: "MODEL", optional: true, completes: "model" }],
  flags: setFlags,
  examples: [
    "moltbot models set anthropic/claude-sonnet-4-5",
    "moltbot models set openai/gpt-5 --fallback",
    "moltbot models set groq/llama-3.3-70b-versatile --alias fast",
  ],
  run: (call) =>
    withGateway(call, async (link) => {
      const params = paramsOf(call);
      const result = await link.client.request("models.set", params, { timeoutMs: link.timeoutMs });
      if (call.flags.json) return call.out.json({ ...result, model: params.model ?? result.model });
      call.out.print(sentence(call, result));
    }),
});

/** What the flags ask for. Throws `CliError` (usage) when they do not go together. */
function paramsOf({ words, flags }: SetCall) {
  const { session, fallback, alias, remove } = flags;
  const [model] = words;
  if ([session !== undefined, fallback, alias !== undefined].filter(Boolean).length > 1)
    throw usageError("Say one of --session, --fallback and --alias.");
  if (remove && session === undefined && !fallback && alias === undefined)
    throw usageError("--remove goes with --session, --fallback or --alias.");
  const needsModel = !(remove && !fallback);
  if (needsModel && model === undefined) throw usageError("Which model? `moltbot models list` shows them.");
  return {
    model: needsModel && model !== undefined ? model : null,
    ...defined({ sessionKey: session }),
    ...(fallback && { fallback: !remove }),
    ...defined({ alias }),
  };
}

function sentence(
  { words, flags }: SetCall,
  { model, fallbacks }: { model: string | null; fallbacks: string[] },
): string {
  const { session, fallback, alias, remove } = flags;
  const [word = ""] = words;
  if (alias !== undefined)
    return remove ? `${alias} is no short name any more.` : `${alias} means ${word} from now on.`;
  if (fallback) {
    const order =
      fallbacks.length > 0 ? `${model} is asked first, then ${fallbacks.join(", then ")}` : "nobody else is";
    return remove ? `${word} is not asked any more; ${order}.` : `${order}.`;
  }
  if (session !== undefined) {
    return remove
      ? `${session} is answered as everywhere: by ${model ?? "the built-in commands"}.`
      : `${model} answers in ${session} from now on.`;
  }
  return `${model} answers from now on. Try it with \`moltbot models test\`.`;
}
