/** `moltbot remind` — reminders: a sentence makes one; they are listed and ended. */

import type { RemindersListResult } from "@moltbot/protocol";
import { defined } from "../../base/defined.ts";
import { type Call, defineCommand, defineGroup } from "../language/command.ts";
import { usageError } from "../language/exit.ts";
import { withGateway } from "../reach/connect.ts";
import { printable, table } from "../terminal/render.ts";

type Row = RemindersListResult["reminders"][number];

const flags = {
  in: { kind: "text", value: "SPAN", summary: "After this time, such as 20m or 2h" },
  at: { kind: "text", value: "TIME", summary: 'At this time, such as 18:30 or "tomorrow 9:00"' },
  every: { kind: "text", value: "WHEN", summary: 'Again and again, such as 2h or "weekday at 8"' },
  to: { kind: "text", value: "CHANNEL:CHAT", summary: "Where it is said; the main conversation by default" },
  session: { kind: "text", value: "KEY", summary: "In which conversation it is said", completes: "session" },
  tz: { kind: "text", value: "ZONE", summary: "The time zone; that of this machine by default" },
} as const;

const add = defineCommand({
  summary: "Make a reminder",
  positionals: [{ name: "TEXT", rest: true }],
  flags,
  examples: [
    'moltbot remind "in 20 min to stretch"',
    'moltbot remind "stand up" --every "weekday at 8" --to telegram:4711',
    "moltbot remind list",
    "moltbot remind cancel 3",
  ],
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { session, tz } = call.flags;
      const answer = await client.request(
        "reminders.add",
        {
          ...{ words: wordsOf(call), tz: tz ?? Intl.DateTimeFormat().resolvedOptions().timeZone },
          ...{ ...placeOf(call.flags.to), idempotencyKey: crypto.randomUUID() },
          ...defined({ sessionKey: session }),
        },
        { timeoutMs },
      );
      if (call.flags.json) return call.out.json(answer);
      call.out.print(printable(answer.text));
    }),
});

/** The sentence that words and flags make. */
function wordsOf({ words, flags: { in: span, at, every } }: Call<typeof flags>): string {
  const text = words.join(" ").trim();
  const times = [
    ...(span === undefined ? [] : [`in ${span}`]),
    ...(at === undefined ? [] : [/^\d[\d:.]*\s*(?:am|pm)?$/i.test(at) ? `at ${at}` : at]),
    ...(every === undefined ? [] : [`every ${every}`]),
  ];
  if (times.length > 1 && !(at !== undefined && every !== undefined && times.length === 2))
    throw usageError("Give one of --in, --at and --every; --at may stand beside --every.");
  if (text === "") throw usageError('Say of what: moltbot remind "stretch" --in 20m');
  return times.length === 0 ? text : `${times.reverse().join(" ")} to ${text.replace(/^(?:me\s+)?to\s+/i, "")}`;
}

function placeOf(to: string | undefined): { channel?: string; to?: string } {
  if (to === undefined) return {};
  const [channel = "", ...rest] = to.split(":");
  if (channel === "" || rest.length === 0) throw usageError("--to takes CHANNEL:CHAT, such as telegram:4711.");
  return { channel, to: rest.join(":") };
}

const COLUMNS = [{ title: "No." }, { title: "Next" }, { title: "Where" }, { title: "Reminder", flexible: true }];

const list = defineCommand({
  summary: "List the reminders",
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { reminders } = await client.request("reminders.list", {}, { timeoutMs });
      if (call.flags.json) return call.out.json({ reminders });
      if (reminders.length === 0) return call.out.print("There are no reminders.");
      call.out.print(table(COLUMNS, reminders.map(rowOf), call.out));
    }),
});

function rowOf({ id, nextAtMs: [next], channel, to, sessionKey, text, repeats }: Row): string[] {
  const when = next === undefined ? "off" : `${new Date(next).toISOString().slice(0, 16)}Z${repeats ? " …" : ""}`;
  return [String(id), when, channel === undefined ? sessionKey : `${channel}:${to}`, text].map((each) =>
    printable(each),
  );
}

const cancel = defineCommand({
  summary: "End a reminder",
  positionals: [{ name: "NUMBER" }],
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const id = Number(call.words[0]);
      if (!Number.isSafeInteger(id) || id < 1) throw usageError("NUMBER is that of `moltbot remind list`.");
      const answer = await client.request("reminders.remove", { id }, { timeoutMs });
      if (call.flags.json) return call.out.json(answer);
      call.out.print(printable(answer.text));
    }),
});

/** Reminders. */
export const remind = defineGroup({
  summary: "Make and list reminders",
  alone: add,
  commands: { list, cancel },
  formerly: { rm: "cancel", remove: "cancel" },
});
