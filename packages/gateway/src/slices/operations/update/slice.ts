/** What the update slice uses, and how its service opens. */
import { defineSlice } from "../../../kit/slice.ts";
import { messaging } from "../../surfaces/messaging/slice.ts";
import { backup } from "../backup/slice.ts";

export const update = defineSlice({
  name: "update",
  uses: [backup, messaging],
  load: () => import("./update.ts"),
  open: (gateway, { Updates }) => new Updates(gateway),
});

export const { defineMethod } = update;
