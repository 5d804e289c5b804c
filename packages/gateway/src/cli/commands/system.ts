/** `moltbot system` — tell the agent what has happened, and see its heartbeats and who is connected. */
import { defineCommand, defineGroup } from "../language/command.ts";
import { CliError } from "../language/exit.ts";
import { withGateway } from "../reach/connect.ts";
import { ago, printable, table } from "../terminal/render.ts";
import { switched } from "./heartbeat.ts";

const eventFlags = {
  text: { kind: "text", value: "TEXT", summary: "What has happened; or the words after the command" },
  mode: { kind: "text", value: "MODE", summary: "now, or next-heartbeat (the default)" },
} as const;

const event = defineCommand({
  summary: "Leave a system event for the agent's next turn, or wake it",
  positionals: [{ name: "WORDS", rest: true, optional: true }],
  flags: eventFlags,
  examples: ['moltbot system event --text "The backup is done" --mode now'],
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { out, flags, words } = call;
      const text = (flags.text ?? words.join(" ")).trim();
      const mode = modeOf(flags.mode ?? "next-heartbeat");
      if (text === "") throw new CliError('What has happened is missing; give it with --text "…".');
      const result = await client.request("wake", { mode, text }, { timeoutMs });
      if (flags.json) return out.json(result);
      out.print(mode === "now" ? "Noted; the agent looks at it now." : "Noted for the next heartbeat.");
    }),
});

function modeOf(word: string): "now" | "next-heartbeat" {
  if (word === "now" || word === "next-heartbeat") return word;
  throw new CliError(`--mode is now or next-heartbeat, not ${printable(word)}.`);
}

const heartbeat = defineCommand({
  summary: "Show the last heartbeat, or switch heartbeats: last, enable, disable",
  positionals: [{ name: "last|enable|disable" }],
  run: (call) => {
    const { out, flags, words } = call;
    const [word = "last"] = words;
    if (word === "enable" || word === "disable") return switched(call, word === "enable");
    if (word !== "last")
      throw new CliError(`moltbot system heartbeat takes last, enable or disable, not ${printable(word)}.`);
    return withGateway(call, async ({ client, timeoutMs }) => {
      const last = await client.request("last-heartbeat", {}, { timeoutMs });
      if (flags.json) return out.json(last);
      out.print(last === null ? "There was no heartbeat yet." : `${last.status} ${last.reason ?? ""} ${ago(last.ts)}`);
    });
  },
});

const presence = defineCommand({
  summary: "Show who is connected",
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { out, flags } = call;
      const rows = await client.request("system-presence", {}, { timeoutMs });
      if (flags.json) return out.json(rows);
      const columns = [{ title: "Who" }, { title: "Mode" }, { title: "Seen" }];
      out.print(
        table(
          columns,
          rows.map(({ host = "", mode = "", ts }) => [host, mode, ago(ts)].map(printable)),
          out,
        ),
      );
    }),
});

/** System events, heartbeats and presence. */
export const system = defineGroup({
  summary: "Tell the agent of an event",
  alone: presence,
  commands: { event, wake: event, heartbeat, presence },
});
