/** `moltbot memory` — what the agent has noted: search it, and see how much there is. */

import { defined } from "../../base/defined.ts";
import { defineCommand, defineGroup } from "../language/command.ts";
import { agentFlag, limitFlag } from "../language/common-flags.ts";
import { withGateway } from "../reach/connect.ts";
import { printable, table } from "../terminal/render.ts";

const searchFlags = {
  ...agentFlag,
  ...limitFlag("places", 8),
} as const;

const search = defineCommand({
  summary: "Search the agent's notes",
  positionals: [{ name: "WORDS", rest: true }],
  flags: searchFlags,
  examples: ["moltbot memory search birthday anna"],
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { flags, words, out } = call;
      const params = {
        query: words.join(" "),
        ...defined({ agentId: flags.agent, limit: flags.limit }),
      };
      const answer = await client.request("memory.search", params, { timeoutMs });
      if (flags.json) return out.json(answer);
      if (answer.found.length === 0) return out.print("Nothing in the notes fits.");
      const { bold, dim } = out.style;
      const places = answer.found.map(({ path, line, text }) => {
        const lines = printable(text).split("\n").slice(0, 6);
        return [bold(`${printable(path)}${dim(`:${line}`)}`), ...lines.map((each) => `  ${each}`)].join("\n");
      });
      out.print(places.join("\n\n"));
    }),
});

const status = defineCommand({
  summary: "Show how many notes each agent has, and where they are",
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { out } = call;
      const answer = await client.request("memory.status", {}, { timeoutMs });
      if (call.flags.json) return out.json(answer);
      const columns = [
        { title: "Agent" },
        { title: "Notes", align: "right" as const },
        { title: "Pieces", align: "right" as const },
        { title: "Folder" },
      ];
      const rows = answer.agents.map(({ agentId, notes, chunks, folder }) => [
        ...[agentId, String(notes), String(chunks), folder],
      ]);
      out.print(table(columns, rows, out));
    }),
});

/** The agent's notes. */
export const memory = defineGroup({
  summary: "Search what the agent has noted",
  alone: status,
  commands: { search, status },
});
