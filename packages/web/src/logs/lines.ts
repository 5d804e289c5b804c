// Lines of the gateway's log: how they are read, which are shown, and how they are made fit for a report. Pure functions.

import { isRecord } from "@moltbot/protocol";

export const LEVELS = ["debug", "info", "warn", "error"] as const;
export type Level = (typeof LEVELS)[number];

/** One line. */
export interface LogLine {
  /** Counts the lines of this page. */
  readonly id: number;
  readonly at: number | undefined;
  readonly level: Level;
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What is shown; a text that is left out shows all. */
export interface Filter {
  readonly level: Level;
  readonly word: string;
  readonly sessionKey: string;
  readonly runId: string;
  /** `CHANNEL`, or `CHANNEL/ACCOUNT`. */
  readonly account: string;
  readonly since: number | undefined;
}

export const NO_FILTER: Filter = { level: "info", word: "", sessionKey: "", runId: "", account: "", since: undefined };

/** Reads a line of the file; one that is not JSON is its own text. */
export function readLine(raw: string, id: number): LogLine {
  const value = parsed(raw);
  if (value === undefined) return { id, at: undefined, level: "info", text: raw, fields: {} };
  const { time, level, msg, ...fields } = value;
  const at = Date.parse(String(time));
  const known = LEVELS.find((each) => each === level) ?? "info";
  return { id, at: Number.isNaN(at) ? undefined : at, level: known, text: String(msg), fields };
}

/** Whether a line is one of those that are looked for. */
export function isShown({ at, level, text, fields }: LogLine, filter: Filter): boolean {
  if (LEVELS.indexOf(level) < LEVELS.indexOf(filter.level)) return false;
  if (filter.since !== undefined && (at ?? 0) < filter.since) return false;
  if (filter.sessionKey !== "" && fields.sessionKey !== filter.sessionKey) return false;
  if (filter.runId !== "" && !String(fields.runId ?? "").startsWith(filter.runId)) return false;
  if (filter.account !== "" && accountOf(fields) !== filter.account && fields.channel !== filter.account) return false;
  if (filter.word === "") return true;
  return `${text} ${fieldsText(fields)}`.toLowerCase().includes(filter.word.toLowerCase());
}

/** Whether a line is about this page's own connection, which nobody looks for. */
export function isOwn({ fields }: LogLine, connId: string | undefined): boolean {
  return fields.method === "logs.tail" || (connId !== undefined && fields.connId === connId);
}

/** The account that a line is about; undefined where it is about none. */
export function accountOf({ channel, account }: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof channel !== "string") return undefined;
  return typeof account === "string" ? `${channel}/${account}` : channel;
}

/** The fields of a line as `name=value`. */
export function fieldsText(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
}

/** Lines for a report to strangers: without addresses, numbers, names of people's folders, keys and ids. */
export function forReport(lines: readonly LogLine[]): string {
  return lines
    .map(({ at, level, text, fields }) => {
      const time = at === undefined ? "" : new Date(at).toISOString();
      return hidden([time, level, text, fieldsText(fields)].filter((each) => each !== "").join(" "), time);
    })
    .join("\n");
}

const HIDDEN: readonly (readonly [RegExp, string])[] = [
  [/[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g, "[address]"],
  [/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, "[ip]"],
  [/\b(?:[0-9a-f]{1,4}:){3,}[0-9a-f:]*\b/gi, "[ip]"],
  [/(\/home\/|\/Users\/|\\Users\\)[^/\\\s"]+/g, "$1[name]"],
  [/\b(?=[\w-]*\d)[A-Za-z0-9_-]{24,}\b/g, "[id]"],
  [/\+?\d(?:[\d ()-]{5,}\d)/g, "[number]"],
];

/** The time in front stays as it is. */
function hidden(line: string, time: string): string {
  const rest = line.slice(time.length);
  return time + HIDDEN.reduce((text, [form, word]) => text.replace(form, word), rest);
}

function parsed(raw: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(raw);
    return isRecord(value) && "msg" in value ? value : undefined;
  } catch {
    return undefined;
  }
}
