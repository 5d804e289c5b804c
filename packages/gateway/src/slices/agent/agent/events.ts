/** Events of a run. */
import { defineEvent } from "../../../kit/event.ts";
import { AgentEvent, ChatEvent } from "./schema.ts";

export const agent = defineEvent({
  name: "agent",
  summary: "A step of a run: it starts, says something, ends.",
  audience: "operator.read",
  // Tools are shown to clients that ask for it, those of protocol 3 by the session's verbose level (protocol: agent events).
  // Reasoning goes to those that name it, and to those of protocol 4 that want to see everything.
  allows: ({ stream, data }, { protocol, caps }) => {
    const wantsTools = caps.includes("tool-events");
    if (stream === "tool") return wantsTools || (protocol === 3 && data.verbose === true);
    return stream !== "reasoning" || caps.includes("reasoning-events") || (protocol === 4 && wantsTools);
  },
  whenSlow: "close",
  payload: AgentEvent,
});

export const chat = defineEvent({
  name: "chat",
  summary: "A conversation as a chat window shows it: a reply grows, then is final, aborted or an error.",
  audience: "operator.read",
  whenSlow: ({ state }) => (state === "delta" ? "drop" : "close"),
  payload: ChatEvent,
});
