/** What the config-file slice uses, and how its service is opened. */
import { defineSlice, type GatewayOf } from "../../../kit/slice.ts";
import { notices } from "../notices/slice.ts";
import { sessions } from "../sessions/slice.ts";

export const configFile = defineSlice({
  name: "config-file",
  uses: [sessions, notices],
  load: () => import("./config-file.ts"),
  open: (gateway, { ConfigFile }) => new ConfigFile(gateway),
});

/** What methods of config-file reach. */
export type Gateway = GatewayOf<typeof configFile>;

export const { defineMethod } = configFile;
