/** What the usage slice uses, and how its service is opened. */
import { defineSlice } from "../../../kit/slice.ts";
import { sessions } from "../../core/sessions/slice.ts";
import { models } from "../models/slice.ts";

export const usage = defineSlice({
  name: "usage",
  uses: [sessions, models],
  load: () => import("./usage.ts"),
  open: (gateway, { Usage }) => new Usage(gateway),
});

export const { defineMethod } = usage;
