/** `moltbot agent prompt` — what goes into the system prompt before a model is asked, and how large each part is. */

import type { AgentPromptResult } from "@moltbot/protocol";
import { defined } from "../../base/defined.ts";
import { type Call, defineCommand } from "../language/command.ts";
import { agentFlag, sessionFlag } from "../language/common-flags.ts";
import { withGateway } from "../reach/connect.ts";
import { printable, table } from "../terminal/render.ts";

const promptFlags = {
  ...agentFlag,
  ...sessionFlag,
  full: { kind: "switch", summary: "Print the texts as well" },
} as const;

type PromptCall = Call<typeof promptFlags>;

/** Shows the system prompt's parts. */
export const agentPrompt = defineCommand({
  summary: "Show what models are told beforehand, and how large it is",
  flags: promptFlags,
  examples: ["moltbot agent prompt", "moltbot agent prompt --session telegram:group:42 --full"],
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { flags, out } = call;
      const params = {
        ...defined({ agentId: flags.agent, sessionKey: flags.session }),
        ...(flags.full && { full: true }),
      };
      const report = await client.request("agent.prompt", params, { timeoutMs });
      if (flags.json) return out.json(report);
      show(call, report);
      if (flags.full) showTexts(call, report);
    }),
});

function show({ out }: PromptCall, { sessionKey, sections, tools, totals }: AgentPromptResult): void {
  const { bold, dim, yellow } = out.style;
  out.print(`${bold("System prompt")} ${dim(printable(sessionKey))}\n`);
  const columns = [
    { title: "Part" },
    { title: "From" },
    { title: "Chars", align: "right" as const },
    { title: "Tokens", align: "right" as const },
    { title: "", flexible: true, paint: yellow },
  ];
  const rows = sections.map(({ name, source, chars, tokens, cut, problem }) => [
    ...[name, source, String(chars), String(tokens), problem ?? (cut ? "cut to its budget" : "")],
  ]);
  const sums = [
    ["in all", "", String(totals.prompt.chars), String(totals.prompt.tokens), ""],
    [`${tools.length} tools`, "", String(totals.tools.chars), String(totals.tools.tokens), "sent beside it"],
  ];
  out.print(table(columns, [...rows, ...sums], out));
  const { contextWindow } = totals;
  const tokens = totals.prompt.tokens + totals.tools.tokens;
  const share = contextWindow === null ? "" : `, ${Math.round((100 * tokens) / contextWindow)} % of the model's window`;
  out.print(dim(`\nAbout ${tokens} tokens before anything is said${share}.`));
}

function showTexts({ out }: PromptCall, { sections }: AgentPromptResult): void {
  for (const { name, text = "" } of sections) {
    if (text !== "") out.print(`\n${out.style.bold(`── ${name}`)}\n${printable(text)}`);
  }
}
