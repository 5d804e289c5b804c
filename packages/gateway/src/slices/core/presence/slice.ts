/** What the presence slice uses, and how its service is opened. */
import { defineSlice } from "../../../kit/slice.ts";

export const presence = defineSlice({
  name: "presence",
  uses: [],
  load: () => import("./presence.ts"),
  open(gateway, { Presence }) {
    const presence = new Presence(gateway);
    gateway.host.presence.fill(presence);
    return presence;
  },
});

export const { defineMethod } = presence;
