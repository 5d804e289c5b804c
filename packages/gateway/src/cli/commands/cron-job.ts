/** Jobs as the words of a command line say them. */
import type { CronAddParams } from "@moltbot/protocol";
import { defined } from "../../base/defined.ts";
import type { Call } from "../language/command.ts";
import { agentFlag } from "../language/common-flags.ts";
import { usageError } from "../language/exit.ts";
import { spanOf } from "./cron-span.ts";

const job = {
  name: { heading: "The job", kind: "text", value: "NAME", summary: "What people see" },
  description: { kind: "text", value: "TEXT", summary: "What the job is for" },
  disabled: { kind: "switch", summary: "Add it switched off" },
  "delete-after-run": { kind: "switch", summary: "Remove it when it has run" },
  "keep-after-run": { kind: "switch", summary: "Keep it when it has run" },
} as const;

const when = {
  at: {
    heading: "Schedule: one of --at, --every and --cron",
    kind: "text",
    value: "TIME",
    summary: "Once, at this time, such as 2026-12-24T18:00Z; or in +20m",
  },
  every: { kind: "text", value: "SPAN", summary: "Again and again, such as 10m, 2h or 1d" },
  cron: { kind: "text", value: "EXPR", summary: "At the times of a cron expression of 5 or 6 fields" },
  tz: { kind: "text", value: "ZONE", summary: "The time zone of the expression" },
  stagger: { kind: "text", value: "SPAN", summary: "Begin up to this much later; one job always by the same amount" },
  exact: { kind: "switch", summary: "Begin at the exact times, without --stagger" },
  "catch-up": {
    kind: "text",
    value: "RULE",
    choices: ["latest", "all", "none"],
    summary: "What becomes of missed times",
  },
  grace: { kind: "text", value: "SPAN", summary: "How late a missed time may be run (1d)" },
} as const;

const what = {
  message: {
    heading: "What it does: one of --message, --system-event and --command",
    kind: "text",
    short: "m",
    value: "TEXT",
    summary: "Have the agent work on this",
  },
  "system-event": { kind: "text", value: "TEXT", summary: "Tell the main conversation, without a model" },
  command: { kind: "text", value: "COMMAND", summary: "Run a program, under the rules for the agent's commands" },
  ...agentFlag,
  session: {
    kind: "text",
    value: "WHERE",
    summary: "Where it works: main, isolated or session:ID",
    completes: "session",
  },
  wake: { kind: "text", value: "MODE", choices: ["now", "next-heartbeat"], summary: "When the agent looks at it" },
  model: { kind: "text", value: "MODEL", summary: "The model that works", completes: "model" },
  fallback: { kind: "list", value: "MODEL", summary: "The model to use when that one fails; several with commas" },
  thinking: { kind: "text", value: "LEVEL", summary: "How much it thinks" },
  tools: { kind: "list", value: "NAME", summary: "The only tools it may use; several with commas" },
  "timeout-seconds": { kind: "number", value: "SECONDS", summary: "How long a run may take" },
} as const;

const delivery = {
  announce: {
    heading: "Delivery of its answer",
    kind: "switch",
    summary: "Send the answer over a channel",
    formerly: ["deliver"],
  },
  channel: { kind: "text", value: "CHANNEL", summary: "Over which channel (last)", completes: "channel" },
  to: { kind: "text", value: "CHAT", summary: "To whom" },
  account: { kind: "text", value: "ID", summary: "Over which account of the channel" },
  webhook: { kind: "text", value: "URL", summary: "Post each end to this address" },
  "no-deliver": { kind: "switch", summary: "Do not send the answer anywhere" },
  "post-prefix": { kind: "text", value: "TEXT", summary: "The text in front of news for the main conversation" },
  "post-mode": {
    kind: "text",
    value: "MODE",
    choices: ["summary", "full"],
    summary: "How much of an answer the main conversation is told",
  },
  "post-max-chars": { kind: "number", value: "N", summary: "The most characters of it" },
} as const;

const failure = {
  "failure-to": {
    heading: "When it fails",
    kind: "text",
    value: "CHAT",
    summary: "Whom to tell of each failure: CHANNEL:CHAT, or an address",
  },
  "alert-after": { kind: "number", value: "N", summary: "Report failures from this many in a row on (2)" },
  "no-alert": { kind: "switch", summary: "Tell nobody of failures" },
  "best-effort-deliver": { kind: "switch", summary: "Do not tell anybody when the answer cannot be sent" },
} as const;

/** What is said of a job. */
export const addFlags = { ...job, ...when, ...what, ...delivery, ...failure } as const;

type AddFlags = Call<typeof addFlags>["flags"];

/** A new job. Throws when it is not said when and what. */
export function jobOf(flags: AddFlags): CronAddParams {
  const schedule = scheduleOf(flags);
  const payload = payloadOf(flags);
  if (!schedule) throw usageError("Say when: --at, --every or --cron.");
  if (!payload) throw usageError("Say what: --message, --system-event or --command.");
  const name = flags.name ?? nameFrom(payload).slice(0, 60);
  const after = flags["delete-after-run"] ? true : flags["keep-after-run"] ? false : undefined;
  return {
    name,
    schedule,
    payload,
    enabled: !flags.disabled,
    ...changesOf(flags),
    ...defined({ deleteAfterRun: after }),
  };
}

function nameFrom(payload: CronAddParams["payload"]): string {
  if (payload.kind === "systemEvent") return payload.text;
  if (payload.kind === "agentTurn") return payload.message;
  return payload.kind === "script" ? payload.script : payload.argv.join(" ");
}

/** When it is due; undefined when nothing is said of it. */
export function scheduleOf({
  at,
  every,
  cron,
  tz,
  stagger,
  exact,
}: Pick<AddFlags, keyof typeof when>): CronAddParams["schedule"] | undefined {
  if ([at, every, cron].filter((given) => given !== undefined).length > 1)
    throw usageError("Give one of --at, --every and --cron.");
  if (cron !== undefined) {
    const staggerMs = exact ? 0 : stagger === undefined ? undefined : spanOf(stagger);
    return { kind: "cron", expr: cron, ...defined({ tz, staggerMs }) };
  }
  if (every !== undefined) return { kind: "every", everyMs: spanOf(every) };
  if (at === undefined) return undefined;
  return { kind: "at", at: /^\+?\d+[smhd]$/.test(at) ? inTime(at.replace("+", "")) : at };
}

function inTime(span: string): string {
  return new Date(Date.now() + spanOf(span)).toISOString();
}

/** What it does; undefined when nothing is said of it. */
export function payloadOf(flags: Pick<AddFlags, keyof typeof what>): CronAddParams["payload"] | undefined {
  const { message, model, thinking, command, tools, fallback } = flags;
  const text = flags["system-event"];
  if ([text, message, command].filter((given) => given !== undefined).length > 1)
    throw usageError("Give one of --system-event, --message and --command.");
  const seconds = flags["timeout-seconds"];
  if (text !== undefined) return { kind: "systemEvent", text };
  if (command !== undefined) return { kind: "script", script: command, ...defined({ timeoutSeconds: seconds }) };
  if (message === undefined) return undefined;
  const [toolsAllow, fallbacks] = [namesIn(tools), namesIn(fallback)];
  return {
    ...{ kind: "agentTurn", message },
    ...defined({ model }),
    ...(thinking !== undefined && { thinking: levelOf(thinking) }),
    ...defined({ timeoutSeconds: seconds }),
    ...(fallbacks.length > 0 && { fallbacks }),
    ...(toolsAllow.length > 0 && { toolsAllow }),
  };
}

function namesIn(given: readonly string[]): string[] {
  return given.flatMap((each) => each.split(",")).map((each) => each.trim());
}

const LEVELS = ["off", "minimal", "low", "medium", "high", "xhigh"] as const;

function levelOf(text: string): (typeof LEVELS)[number] {
  const level = LEVELS.find((each) => each === text);
  if (level) return level;
  throw usageError(`--thinking takes ${LEVELS.join(", ")}.`);
}

/** What else is said of it. */
export function changesOf(flags: AddFlags): Partial<CronAddParams> {
  const { description, session, wake, agent, grace } = flags;
  const catchUp = flags["catch-up"];
  const after = flags["alert-after"];
  return {
    ...defined({ description, sessionTarget: session, agentId: agent, delivery: deliveryOf(flags) }),
    ...(wake !== undefined && { wakeMode: wake === "now" ? "now" : "next-heartbeat" }),
    ...(catchUp !== undefined && { catchUp: catchUp === "all" || catchUp === "none" ? catchUp : "latest" }),
    ...(grace !== undefined && { graceMs: spanOf(grace) }),
    ...(flags["no-alert"] ? { failureAlert: false as const } : after !== undefined && { failureAlert: { after } }),
    ...defined({ isolation: isolationOf(flags) }),
  };
}

type Delivery = NonNullable<CronAddParams["delivery"]>;

function deliveryOf(flags: AddFlags): Delivery | undefined {
  const { announce, channel, to, account, webhook } = flags;
  const failureDestination = placeOf(flags["failure-to"]);
  const bestEffort = flags["best-effort-deliver"] ? true : undefined;
  const isAnnounced = announce || channel !== undefined || to !== undefined || bestEffort === true;
  if (webhook !== undefined) return { mode: "webhook", to: webhook, ...defined({ failureDestination }) };
  if (isAnnounced && !flags["no-deliver"])
    return { mode: "announce", ...defined({ channel, to, accountId: account, bestEffort, failureDestination }) };
  if (flags["no-deliver"] || failureDestination) return { mode: "none", ...defined({ failureDestination }) };
  return undefined;
}

/** A chat as "telegram:4711", or an address. */
function placeOf(text: string | undefined): Delivery["failureDestination"] {
  if (text === undefined) return undefined;
  if (/^https?:/.test(text)) return { mode: "webhook", to: text };
  const [, channel, to] = /^([\w-]+):(.+)$/.exec(text) ?? [];
  if (channel === undefined || to === undefined)
    throw usageError("--failure-to takes CHANNEL:CHAT such as telegram:4711, or an address.");
  return { mode: "announce", channel, to };
}

function isolationOf(flags: AddFlags): CronAddParams["isolation"] {
  const mode = flags["post-mode"];
  const isolation = defined({
    postToMainPrefix: flags["post-prefix"],
    postToMainMode: mode === undefined ? undefined : mode === "full" ? ("full" as const) : ("summary" as const),
    postToMainMaxChars: flags["post-max-chars"],
  });
  return Object.keys(isolation).length > 0 ? isolation : undefined;
}
