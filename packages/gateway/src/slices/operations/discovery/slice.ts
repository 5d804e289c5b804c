/** What the discovery slice uses, and how its service opens. */
import { defineSlice } from "../../../kit/slice.ts";

export const discovery = defineSlice({
  name: "discovery",
  uses: [],
  load: () => import("./discovery.ts"),
  open: (gateway, { Discovery }) => new Discovery(gateway),
});

export const { defineMethod } = discovery;
