/** What the system slice uses, and how its service is opened. */
import { defineSlice } from "../../../kit/slice.ts";

export const system = defineSlice({
  name: "system",
  uses: [],
  load: () => import("./system.ts"),
  open(gateway, { System }) {
    const system = new System(gateway);
    gateway.host.presence.fill(system);
    return system;
  },
});

export const { defineMethod } = system;
