/** `moltbot models test` — one real question, and what else the model can do. */
import { defineCommand } from "../language/command.ts";
import { CliError } from "../language/exit.ts";
import { withGateway } from "../reach/connect.ts";
import { duration } from "../terminal/render.ts";
import { NONE_CONNECTED, readModels } from "./read.ts";

/** Three questions at most, and a local model that must be loaded first. */
const TEST_MS = 600_000;

export const test = defineCommand({
  summary: "Ask a model for one word and show how long it took",
  positionals: [{ name: "MODEL", optional: true, completes: "model" }],
  flags: {
    tools: { kind: "switch", summary: "Try whether it calls a tool" },
    image: { kind: "switch", summary: "Try whether it sees a picture" },
  },
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs, ...link }) => {
      const { out, flags } = call;
      const model = call.words[0] ?? (await readModels({ client, timeoutMs, ...link })).status.model;
      if (model === null) throw new CliError(NONE_CONNECTED);
      const { tools, image } = flags;
      const params = { model, ...(tools && { tools }), ...(image && { image }) };
      const asking = client.request("models.test", params, { timeoutMs: TEST_MS });
      const result = await out.during(`Asking ${model}`, asking);
      const { reply, latencyMs, callsTools, seesImages } = result;
      if (flags.json) return out.json({ ...result, ok: true, tookMs: latencyMs });
      const dot = out.style.green("●");
      out.print(`${dot} ${result.model} answered ${JSON.stringify(reply)} in ${duration(latencyMs)}.`);
      const no = out.style.red("●");
      if (callsTools !== undefined) out.print(callsTools ? `${dot} It calls tools.` : `${no} It does not call tools.`);
      if (seesImages !== undefined)
        out.print(seesImages ? `${dot} It sees pictures.` : `${no} It does not see pictures.`);
    }),
});
