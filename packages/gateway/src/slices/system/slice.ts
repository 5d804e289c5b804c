/** What the system slice uses, and how its service is opened. */
import { defineSlice } from "../../kit/slice.ts";

export const system = defineSlice({
  name: "system",
  uses: [],
  load: () => import("./system.ts"),
  open: (gateway, { System }) => new System(gateway),
});

export const { defineMethod } = system;
