/** What the http-api slice uses, and how its service is opened. */
import { defineSlice } from "../../../kit/slice.ts";
import { agent } from "../../agent/agent/slice.ts";
import { agents } from "../../core/agents/slice.ts";
import { sessions } from "../../core/sessions/slice.ts";

export const httpApi = defineSlice({
  name: "http-api",
  uses: [agents, sessions, agent],
  load: () => import("./http-api.ts"),
  open: (gateway, { HttpApi }) => new HttpApi(gateway),
});
