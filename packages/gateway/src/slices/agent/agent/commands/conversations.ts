/** Commands about conversations. */

import { type Command, peerOf } from "../../../../kit/command.ts";
import { literal } from "../../../../kit/text/one-line.ts";
import { kindOf, textOf } from "../../../core/sessions/sessions.ts";
import { defineCommand, type Gateway } from "../slice.ts";

const MAX_MATCHES = 10;
const MAX_SNIPPET_CHARS = 250;
/** The newest messages of their conversation that a peer's search looks through. */
const PEER_MESSAGES = 500;

const search = defineCommand({
  name: "search",
  aliases: ["find"],
  usage: "WORDS",
  needs: "operator.read",
  isPrivate: true,
  summary: "finds what was said in any conversation",
  async run({ args, gateway, runId, starter, sessionKey: here }) {
    if (args === "") return "What should I look for? Write for example `/search teapot`.";
    const isPeer = peerOf(starter) !== undefined;
    const found = isPeer
      ? saidHere(gateway, here, args, runId)
      : await gateway.sessions.transcript.search(args, MAX_MATCHES + 2, { exceptRun: runId });
    const matches = found.slice(0, MAX_MATCHES);
    if (matches.length === 0) return `Nothing said so far matches “${args}”.`;
    return matches
      .map(
        ({ sessionKey, role, ts, snippet }) =>
          `- **${sessionKey}**, ${new Date(ts).toISOString().slice(0, 10)}, ${role}: ${literal(snippet, MAX_SNIPPET_CHARS)}`,
      )
      .join("\n");
  },
});

const sessionList = defineCommand({
  name: "sessions",
  needs: "operator.read",
  isPrivate: true,
  summary: "lists the newest conversations",
  run({ gateway: { sessions, clock }, sessionKey, starter }) {
    const isShown = ({ key }: { key: string }) => peerOf(starter) === undefined || key === sessionKey;
    const rows = sessions.all.list({ limit: 15, includeGlobal: true }).filter(isShown);
    return rows
      .map((session) => {
        const title = session.label ?? sessions.transcript.previews.title(session.sessionId) ?? "";
        const here = session.key === sessionKey ? " ← here" : "";
        const minutes = Math.round((clock.now() - session.updatedAt) / 60_000);
        return `- \`${session.key}\` (${kindOf(session.key)}, ${minutes} min ago) ${literal(title)}${here}`;
      })
      .join("\n");
  },
});

const reset = defineCommand({
  name: "new",
  aliases: ["reset"],
  usage: "[MESSAGE]",
  needs: "operator.write",
  summary: "begins this conversation anew; the old one stays searchable",
  run({ gateway: { sessions }, sessionKey }) {
    sessions.reset(sessionKey, "new");
    return "A new conversation. The old one can still be searched.";
  },
});

const stop = defineCommand({
  name: "stop",
  aliases: ["abort"],
  needs: "operator.write",
  summary: "stops the replies under way in this conversation",
  run({ gateway: { agent }, sessionKey, runId }) {
    const stopped = agent.abortSession(sessionKey, "stop", runId);
    if (stopped === 0) return "Nothing is under way here.";
    return stopped === 1 ? "Stopped." : `Stopped ${stopped} replies.`;
  },
});

const THINKING = ["off", "minimal", "low", "medium", "high", "xhigh"];

const think = defineCommand({
  name: "think",
  usage: `[${THINKING.join("|")}]`,
  needs: "operator.write",
  summary: "how hard the model thinks in this conversation",
  choices: () => THINKING,
  run({ args, gateway: { sessions }, sessionKey }) {
    if (args === "") return `Thinking level: ${sessions.get(sessionKey)?.levels.thinkingLevel ?? "the model's own"}.`;
    const { levels } = sessions.patch(sessionKey, { thinkingLevel: args });
    return `Thinking level set to ${levels.thinkingLevel ?? "off"}.`;
  },
});

const VERBOSE = ["on", "full", "off"];

const verbose = defineCommand({
  name: "verbose",
  usage: `[${VERBOSE.join("|")}]`,
  needs: "operator.write",
  summary: "whether clients show the tools that are used in this conversation",
  choices: () => VERBOSE,
  run({ args, gateway: { agents, sessions }, sessionKey }) {
    const before = sessions.get(sessionKey)?.levels.verboseLevel ?? agents.settings.defaults.verboseDefault;
    if (args === "") return `Tools are shown here: ${before ?? "off"}.`;
    const { levels } = sessions.patch(sessionKey, { verboseLevel: args });
    return `Tools are shown here from now on: ${levels.verboseLevel}.`;
  },
});

const ACTIVATION = ["mention", "always"];

const activation = defineCommand({
  name: "activation",
  usage: `[${ACTIVATION.join("|")}]`,
  choices: () => ACTIVATION,
  needs: "operator.write",
  summary: "whether every message of this group is answered, or only those that address the agent",
  run({ args, gateway: { sessions }, sessionKey }) {
    if (kindOf(sessionKey) !== "group") return "This is not a group: every message is answered here.";
    if (args === "")
      return `Answered here: ${sessions.get(sessionKey)?.levels.groupActivation ?? "as the settings say"}.`;
    const { levels } = sessions.patch(sessionKey, { groupActivation: args });
    return levels.groupActivation === "always"
      ? "Every message of this group is answered from now on."
      : "Only messages that address me are answered from now on.";
  },
});

export const conversations: readonly Command[] = [reset, stop, think, verbose, activation, search, sessionList];

/** Messages of one conversation that hold every word, the newest first. */
function saidHere({ sessions }: Gateway, sessionKey: string, query: string, exceptRun: string) {
  const session = sessions.get(sessionKey);
  const words = query.toLowerCase().split(/\s+/);
  const said = session === undefined ? [] : sessions.transcript.last(session.sessionId, PEER_MESSAGES);
  return said.toReversed().flatMap(({ role, at, content, runId }) => {
    const snippet = textOf(content);
    const isFound = runId !== exceptRun && words.every((word) => snippet.toLowerCase().includes(word));
    return isFound ? [{ sessionKey, role, ts: at, snippet }] : [];
  });
}
