/** Commands about the gateway and the person who asks. */
import { dateFormat } from "../../../../base/time/date-format.ts";
import { type Command, type CommandCall, mayUse, senderOf } from "../../../../kit/command.ts";
import { literal } from "../../../../kit/text/one-line.ts";
import { defineCommand, type Gateway } from "../slice.ts";
import { connectHint } from "./connect-hint.ts";

const help = defineCommand({
  name: "help",
  aliases: ["commands", "start"],
  usage: "[COMMAND]",
  summary: "what can be asked",
  run({ args, starter, gateway, sessionKey }) {
    const { agent, models } = gateway;
    const asked = agent.slashCommand(`/${args.replace(/^\//, "")}`)?.command;
    if (args !== "")
      return asked && mayUse(asked, starter)
        ? explained(asked, { gateway, sessionKey })
        : `There is no command ${shortened(args)} here; \`/help\` lists those there are.`;
    const model = models.chosen.modelNameOf(sessionKey);
    const intro = model === undefined ? connectHint(gateway) : `${model} answers here; these commands work beside it.`;
    const lines = agent.commands
      .filter((command) => mayUse(command, starter))
      .map(({ name, usage, summary }) => `- \`/${name}${usage ? ` ${usage}` : ""}\` — ${summary}`);
    const slash = model === undefined ? "\n\nThe slash can be left out while no model is connected." : "";
    return `${intro}\n\n${lines.join("\n")}${slash}`;
  },
});

const status = defineCommand({
  name: "status",
  summary: "how the gateway and this conversation are doing",
  run({ gateway: { presence, sessions, models, version, clock, agent, host }, sessionKey, runId }) {
    const session = sessions.get(sessionKey);
    const model = models.chosen.modelNameOf(sessionKey);
    const { active, queued } = agent.counts(runId);
    const tokens = session && session.inputTokens + session.outputTokens > 0;
    return [
      `**Gateway** ${version}, up ${duration(host.overview.now.uptimeMs)}`,
      `**Model** ${model ?? "none; the built-in commands answer"}`,
      `**Agent** ${sessions.agentOf(sessionKey)}`,
      `**Session** ${sessionKey}${session ? `, ${sessions.transcript.count(session.sessionId)} messages` : ""}`,
      ...(tokens ? [`**Tokens** ${session.inputTokens} in, ${session.outputTokens} out`] : []),
      `**Runs** ${active} at work${queued > 0 ? `, ${queued} waiting` : ""}`,
      `**Sessions** ${sessions.all.count()}`,
      `**Connected** ${presence.list().filter(({ mode, reason }) => mode !== "gateway" && reason !== "disconnect").length}`,
      `**Time** ${localTime(clock.now())}`,
    ].join("  \n");
  },
});

const time = defineCommand({
  name: "time",
  aliases: ["date"],
  summary: "what time it is where the gateway runs",
  run: ({ gateway }) => `It is ${localTime(gateway.clock.now())}.`,
});

const whoami = defineCommand({
  name: "whoami",
  summary: "who this connection is and what it may do",
  run({ starter, sessionKey }) {
    const { name, deviceId, scopes } = starter;
    const sender = senderOf(starter);
    return [
      ...(sender === undefined
        ? [`**Client** ${name}`, `**Device** ${deviceId ?? "none; signed in with the shared secret"}`]
        : [`**Sender** ${literal(name)}`, `**Id** ${sender}`]),
      `**Scopes** ${scopes.length > 0 ? scopes.join(", ") : "none"}`,
      `**Session** ${sessionKey}`,
    ].join("  \n");
  },
});

const version = defineCommand({
  name: "version",
  summary: "which version runs",
  run: ({ gateway }) => `moltbot ${gateway.version}`,
});

const echo = defineCommand({
  name: "echo",
  usage: "TEXT",
  summary: "says the same back: to try a channel",
  run: ({ args }) => (args === "" ? "What should I say? Write for example `/echo one two`." : args),
});

const agentList = defineCommand({
  name: "agents",
  needs: "operator.read",
  summary: "lists the agents, and says which one answers here",
  run({ gateway: { agents, sessions }, sessionKey }) {
    const here = sessions.agentOf(sessionKey);
    return agents
      .ids()
      .map((id) => {
        const marks = [id === here ? "← here" : "", id === agents.defaultId ? "(default)" : ""];
        return [`- \`${id}\` ${agents.identity(id).name}`, ...marks.filter((mark) => mark !== "")].join(" ");
      })
      .join("\n");
  },
});

export const about: readonly Command[] = [help, status, agentList, time, whoami, version, echo];

/** All that is known of one command. */
function explained(
  { name, aliases = [], usage, summary, choices }: Command,
  { gateway, sessionKey }: Pick<CommandCall<Gateway>, "gateway" | "sessionKey">,
): string {
  const words = choices?.(gateway, sessionKey) ?? [];
  return [
    `\`/${name}${usage ? ` ${usage}` : ""}\` — ${summary}`,
    ...(aliases.length > 0 ? [`Also: ${aliases.map((alias) => `\`/${alias}\``).join(", ")}`] : []),
    ...(words.length > 0 ? [`Words that may follow: ${words.map((word) => `\`${word}\``).join(", ")}`] : []),
  ].join("  \n");
}

function shortened(word: string): string {
  return `“${word.slice(0, 40)}”`;
}

function localTime(at: number): string {
  return dateFormat("en-GB", { dateStyle: "full", timeStyle: "long" }).format(at);
}

function duration(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return `${Math.floor(ms / 1000)} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}
