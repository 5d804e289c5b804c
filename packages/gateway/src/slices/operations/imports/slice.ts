/** What the imports slice uses, and how its service is opened. */
import { defineSlice } from "../../../kit/slice.ts";
import { cron } from "../../automation/cron/slice.ts";
import { devices } from "../../core/devices/slice.ts";
import { nodes } from "../../core/nodes/slice.ts";
import { sessions } from "../../core/sessions/slice.ts";
import { messaging } from "../../surfaces/messaging/slice.ts";

export const imports = defineSlice({
  name: "imports",
  uses: [devices, nodes, sessions, messaging, cron],
  load: () => import("./imports.ts"),
  open: (gateway, { Imports }) => new Imports(gateway),
});

export const { defineMethod } = imports;
