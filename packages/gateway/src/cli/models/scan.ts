/** `moltbot models scan` — model servers on this machine, and what their models can do. */
import type { ScannedServer } from "@moltbot/protocol";
import { defineCommand } from "../language/command.ts";
import { withGateway } from "../reach/connect.ts";
import { table } from "../terminal/render.ts";
import { thousands } from "./list.ts";

/** Three models at most are asked, two questions each. */
const SCAN_MS = 240_000;

export const scan = defineCommand({
  summary: "Find model servers on this machine and what their models can do",
  flags: { quick: { kind: "switch", summary: "Do not ask models; show what their servers say" } },
  run: (call) =>
    withGateway(call, async ({ client }) => {
      const { out, flags } = call;
      const scanning = client.request("models.scan", flags.quick ? { tryModels: false } : {}, { timeoutMs: SCAN_MS });
      const { servers } = await out.during("Looking for model servers", scanning);
      if (flags.json) return out.json({ servers });
      if (servers.length === 0) {
        return out.print(
          "No model server answers on this machine (Ollama 11434, LM Studio 1234, llama.cpp 8080, vLLM 8000).\n" +
            "Start one, or connect a hosted provider with `moltbot models auth anthropic`.",
        );
      }
      const columns = [
        { title: "Model", paint: out.style.cyan },
        { title: "Tools" },
        { title: "Sees" },
        { title: "Thinks" },
        { title: "Context", align: "right" as const },
        { title: "Up to", align: "right" as const },
        { title: "Loaded" },
      ];
      out.print(servers.map((server) => `${titleOf(server)}\n${table(columns, rowsOf(server), out)}`).join("\n\n"));
      const usable = servers.flatMap(({ id, models }) =>
        models.filter(({ tools }) => tools).map((model) => `${id}/${model.id}`),
      );
      const [example = `${servers[0]?.id}/${servers[0]?.models[0]?.id ?? "MODEL"}`] = usable;
      out.print(out.style.dim(`\nChoose one with \`moltbot models set ${example}\`. “?” is not known.`));
    }),
});

function titleOf({ label, baseUrl, models }: ScannedServer): string {
  const count = models.length === 0 ? ", without models yet" : "";
  return `${label} at ${baseUrl}${count}`;
}

function rowsOf({ id: server, models }: ScannedServer): string[][] {
  return models.map(({ id, tools, input, reasoning, contextWindow, largestWindow, isLoaded, tried }) => [
    `${server}/${id}`,
    `${word(tools)}${tried && tools !== undefined ? " (tried)" : ""}`,
    word(input?.includes("image")),
    word(reasoning),
    thousands(contextWindow) || "?",
    thousands(largestWindow),
    isLoaded ? "yes" : "",
  ]);
}

function word(can: boolean | undefined): string {
  if (can === undefined) return "?";
  return can ? "yes" : "no";
}
