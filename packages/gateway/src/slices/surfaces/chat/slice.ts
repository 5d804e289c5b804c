/** What the chat slice uses, and how its service is opened. */
import { defineSlice } from "../../../kit/slice.ts";
import { agent } from "../../agent/agent/slice.ts";
import { models } from "../../agent/models/slice.ts";
import { agents } from "../../core/agents/slice.ts";
import { nodes } from "../../core/nodes/slice.ts";
import { sessions } from "../../core/sessions/slice.ts";

export const chat = defineSlice({
  name: "chat",
  uses: [nodes, agents, sessions, models, agent],
  load: () => import("./chat.ts"),
  open(gateway, { Chat }) {
    const chat = new Chat(gateway);
    gateway.nodes.reports.speech.listening.fill(chat.fromNodes);
    gateway.host.followers.fill(chat.fromNodes);
    gateway.host.connections.add(chat.fromNodes);
    return chat;
  },
});

export const { defineMethod } = chat;
