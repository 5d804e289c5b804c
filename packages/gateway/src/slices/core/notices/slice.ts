/** What the notices slice uses, and how its service is opened. */
import { defineSlice } from "../../../kit/slice.ts";
import { presence } from "../presence/slice.ts";
import { sessions } from "../sessions/slice.ts";

export const notices = defineSlice({
  name: "notices",
  uses: [presence, sessions],
  load: () => import("./notices.ts"),
  open: (gateway, { Notices }) => new Notices(gateway),
});

export const { defineMethod } = notices;
