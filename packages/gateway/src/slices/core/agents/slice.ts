/** What the agents slice uses, and how its service is opened. */
import { defineSlice } from "../../../kit/slice.ts";

export const agents = defineSlice({
  name: "agents",
  uses: [],
  load: () => import("./agents.ts"),
  open: (gateway, { Agents }) => new Agents(gateway),
});
