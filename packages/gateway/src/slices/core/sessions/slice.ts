/** What the sessions slice uses, and how its service is opened. */
import { defineSlice, type GatewayOf } from "../../../kit/slice.ts";
import { system } from "../system/slice.ts";

export const sessions = defineSlice({
  name: "sessions",
  uses: [system],
  load: () => import("./sessions.ts"),
  open(gateway, { Sessions }) {
    const sessions = new Sessions(gateway);
    gateway.system.conversations.fill({
      defaults: () => ({
        defaultAgentId: sessions.defaults.defaultAgentId,
        mainKey: sessions.settings.mainKey,
        mainSessionKey: sessions.mainKey(),
        scope: sessions.settings.scope,
      }),
      summary: () => sessions.summary(),
      status: () => sessions.status(sessions.agents.now.modelDefaults()),
    });
    gateway.host.subscribers.fill(sessions.watchers);
    return sessions;
  },
});

/** What methods of sessions reach. */
export type Gateway = GatewayOf<typeof sessions>;

export const { defineMethod } = sessions;
