/** The tools with which an agent remembers. */
import { Type } from "@sinclair/typebox";
import { defineTool } from "../slice.ts";

const MAX_SNIPPET_CHARS = 700;

export const memorySearch = defineTool({
  name: "memory_search",
  summary:
    "Searches your notes (MEMORY.md and memory/*.md) for words; answers path:line and the text there, best first. Look " +
    "here before you say that you do not know something about your owner.",
  audience: "owner",
  changes: false,
  params: {
    query: Type.String({ minLength: 1, maxLength: 500, description: "A few words; beginnings of words count." }),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 50, description: "Places at most; 8 by default." })),
  },
  async run({ params: { query, limit = 8 }, run, gateway: { workspace } }) {
    const found = await workspace.memoryFor(run).search(run.agentId, query, limit);
    if (found.length === 0) return "Nothing in your notes fits.";
    return found
      .map(({ path, line, text }) => `${path}:${line}\n${text.slice(0, MAX_SNIPPET_CHARS).toWellFormed()}`)
      .join("\n\n");
  },
});

export const memorySave = defineTool({
  name: "memory_save",
  summary:
    "Adds to your notes what must not be forgotten: today's note (memory/YYYY-MM-DD.md), or with `durable` MEMORY.md, " +
    "for facts and preferences that last. One short entry for each thing.",
  audience: "owner",
  changes: true,
  params: {
    text: Type.String({
      minLength: 1,
      maxLength: 8_000,
      pattern: "\\S",
      description: "What to remember, understandable later.",
    }),
    durable: Type.Optional(Type.Boolean({ description: "True for what holds for months; else it is of the day." })),
  },
  run({ params: { text, durable = false }, callId, run, gateway: { workspace } }) {
    const path = workspace.memoryFor(run).save(run.agentId, { text, durable, call: `${run.id} ${callId}` });
    return { text: `Saved in ${path}.`, meta: { path } };
  },
});
