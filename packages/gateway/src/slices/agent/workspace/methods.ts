/** The methods of the workspaces: what the agents' notes say. */
import { Type } from "@sinclair/typebox";
import { Id, NonEmpty } from "../../../kit/schema/schema.ts";
import { defineMethod } from "./slice.ts";

const Count = Type.Integer({ minimum: 0 });

export const memorySearch = defineMethod({
  name: "memory.search",
  summary: "Searches an agent's notes; the best places first.",
  access: "operator.admin",
  params: {
    query: Type.String({ minLength: 1, maxLength: 500 }),
    agentId: Type.Optional(Id),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 50, description: "8 when not said." })),
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
