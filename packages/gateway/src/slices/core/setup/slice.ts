/** What the setup slice uses, and how its service is opened. */
import { defineSlice, type GatewayOf } from "../../../kit/slice.ts";
import { notices } from "../notices/slice.ts";
import { sessions } from "../sessions/slice.ts";

export const setup = defineSlice({
  name: "setup",
  uses: [sessions, notices],
  load: () => import("./setup.ts"),
  open: (gateway, { Setup }) => new Setup(gateway),
});

/** What methods of setup reach. */
export type Gateway = GatewayOf<typeof setup>;

export const { defineMethod } = setup;
