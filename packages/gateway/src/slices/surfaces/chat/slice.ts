/** What the chat slice uses, and how its service is opened. */
import { defineSlice } from "../../../kit/slice.ts";
import { agent } from "../../agent/agent/slice.ts";
import { models } from "../../agent/models/slice.ts";
import { sessions } from "../../core/sessions/slice.ts";

export const chat = defineSlice({
  name: "chat",
  uses: [sessions, models, agent],
  load: () => import("./chat.ts"),
  open: (gateway, { Chat }) => new Chat(gateway),
});

export const { defineMethod } = chat;
