/** What the mcp slice uses, and how its service is opened. */
import { defineSlice } from "../../../kit/slice.ts";
import { agent } from "../agent/slice.ts";

export const mcp = defineSlice({
  name: "mcp",
  uses: [agent],
  load: () => import("./mcp.ts"),
  open: (gateway, { Mcp }) => new Mcp(gateway),
});

export const { defineMethod } = mcp;
