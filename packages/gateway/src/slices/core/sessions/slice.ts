/** What the sessions slice uses, and how its service is opened. */
import { defineSlice, type GatewayOf } from "../../../kit/slice.ts";
import { agents } from "../agents/slice.ts";

export const sessions = defineSlice({
  name: "sessions",
  uses: [agents],
  load: () => import("./sessions.ts"),
  open(gateway, { Sessions }) {
    const sessions = new Sessions(gateway);
    gateway.host.subscribers.fill(sessions.watchers);
    return sessions;
  },
});

/** What methods of sessions reach. */
export type Gateway = GatewayOf<typeof sessions>;

export const { defineMethod } = sessions;
