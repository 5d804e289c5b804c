/** The methods of the workspaces: what the agents' notes say. */
import { Type } from "@sinclair/typebox";
import { Id, Millis, NonEmpty } from "../../../kit/schema/schema.ts";
import { defineMethod } from "./slice.ts";

const Count = Type.Integer({ minimum: 0 });

export const memorySearch = defineMethod({
  name: "memory.search",
  summary: "Searches an agent's notes; the best places first.",
  access: "operator.admin",
  params: {
    query: Type.String({ minLength: 1, maxLength: 500 }),
    agentId: Type.Optional(Id),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 50, description: "8 by default." })),
  },
  result: Type.Object({
    agentId: NonEmpty,
    found: Type.Array(Type.Object({ path: NonEmpty, line: Type.Integer({ minimum: 1 }), text: Type.String() })),
  }),
  async handler({ params: { query, agentId: named, limit = 8 }, gateway: { workspace } }) {
    const agentId = workspace.requireAgent(named);
    return { agentId, found: await workspace.memory.search(agentId, query, limit) };
  },
});

export const memoryStatus = defineMethod({
  name: "memory.status",
  summary: "How many notes each agent has, and where.",
  access: "operator.admin",
  params: {},
  result: Type.Object({
    agents: Type.Array(
      Type.Object({
        agentId: NonEmpty,
        folder: NonEmpty,
        notes: Count,
        chunks: Type.Integer({ minimum: 0, description: "Pieces that a search can find." }),
      }),
    ),
  }),
  async handler({ gateway: { agents, workspace } }) {
    const each = [];
    for (const agentId of agents.ids()) each.push({ agentId, ...(await workspace.memory.status(agentId)) });
    return { agents: each };
  },
});

const file = {
  name: NonEmpty,
  path: Type.String({ minLength: 1, description: "In the agent's folder." }),
  missing: Type.Boolean(),
  size: Type.Optional(Count),
  updatedAtMs: Type.Optional(Millis),
};
const opened = Type.Object({
  ...file,
  content: Type.String(),
  hash: Type.String({ minLength: 1, description: "SHA-256; a write names it as baseHash." }),
});
const PageName = Type.String({ minLength: 1, maxLength: 64, description: "As agents.files.list names it." });

export const filesList = defineMethod({
  name: "agents.files.list",
  summary: "The pages that an agent reads by itself: AGENTS.md, SOUL.md and so on.",
  access: "operator.admin",
  params: { agentId: Id },
  result: Type.Object({ agentId: NonEmpty, workspace: NonEmpty, files: Type.Array(Type.Object(file)) }),
  async handler({ params, gateway: { workspace } }) {
    const agentId = workspace.requireAgent(params.agentId);
    const { editableFiles } = await import("./editing.ts");
    return { agentId, workspace: workspace.folderOf(agentId), files: editableFiles(workspace.filesOf(agentId)) };
  },
});

export const filesGet = defineMethod({
  name: "agents.files.get",
  summary: "The text of one of an agent's pages; one that is not there is empty.",
  access: "operator.admin",
  params: { agentId: Id, name: PageName },
  result: Type.Object({ agentId: NonEmpty, workspace: NonEmpty, file: opened }),
  async handler({ params, gateway: { workspace } }) {
    const agentId = workspace.requireAgent(params.agentId);
    const { openEditable } = await import("./editing.ts");
    const found = openEditable(workspace.filesOf(agentId), params.name);
    return { agentId, workspace: workspace.folderOf(agentId), file: found };
  },
});

export const filesSet = defineMethod({
  name: "agents.files.set",
  summary: "Replaces the text of one of an agent's pages; its next run reads it.",
  access: "operator.admin",
  params: {
    agentId: Id,
    name: PageName,
    content: Type.String({ maxLength: 200_000 }),
    baseHash: Type.Optional(
      Type.String({ minLength: 1, maxLength: 128, description: "The hash that agents.files.get gave." }),
    ),
  },
  result: Type.Object({ ok: Type.Literal(true), agentId: NonEmpty, workspace: NonEmpty, file: opened }),
  async handler({ params: { agentId: named, ...change }, gateway: { workspace } }) {
    const agentId = workspace.requireAgent(named);
    const { writeEditable } = await import("./editing.ts");
    const written = writeEditable(workspace.filesOf(agentId), change);
    return { ok: true as const, agentId, workspace: workspace.folderOf(agentId), file: written };
  },
});
