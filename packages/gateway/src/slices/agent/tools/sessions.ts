/** Tools with which an agent looks at other conversations. */
import { Type } from "@sinclair/typebox";
import { defineTool, type Tool } from "../../../kit/tool.ts";

const sessionsList = defineTool({
  name: "sessions_list",
  summary: "Lists the newest conversations, one a line: session key, minutes since the last message, title.",
  audience: "owner",
  changes: false,
  params: {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: "How many; 20 when not said." })),
    search: Type.Optional(Type.String({ maxLength: 200, description: "Part of a key or a name." })),
  },
  run({ params: { limit = 20, search }, gateway: { sessions, clock } }) {
    const rows = sessions.list({ limit, includeGlobal: true, ...(search !== undefined && { search }) });
    if (rows.length === 0) return "There is no such conversation.";
    return rows
      .map(({ key, label, sessionId, updatedAt }) => {
        const title = label ?? sessions.transcript.title(sessionId) ?? "";
        return `${key}, ${Math.round((clock.now() - updatedAt) / 60_000)} min, ${title}`.replace(/, $/, "");
      })
      .join("\n");
  },
});

export const sessionTools: readonly Tool[] = [sessionsList];
