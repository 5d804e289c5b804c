// Arguments of tools as people read them: in a few words on a line, or whole.

/** The argument that says most about a call, whatever the tool. */
const SUMMARY_ARGUMENTS = [
  "command",
  "path",
  "file",
  "url",
  "query",
  "pattern",
  "message",
  "text",
  "name",
  "sessionKey",
  "id",
];

/** How much of the arguments is on the line of a call. */
const MAX_BRIEF = 160;

/** Arguments in short: the most telling one by itself, then the others by name. */
export function shortArguments(args: unknown): string {
  if (args === undefined || args === null) return "";
  if (typeof args !== "object" || Array.isArray(args)) return oneLine(valueText(args));
  const entries = Object.entries(args);
  const first = SUMMARY_ARGUMENTS.find((name) => typeof Reflect.get(args, name) === "string");
  const rest = entries.filter(([name]) => name !== first).map(([name, value]) => `${name}: ${brief(value)}`);
  return oneLine([...(first === undefined ? [] : [String(Reflect.get(args, first))]), ...rest].join(", "));
}

/** A value as it is: a string by itself, else indented JSON. */
export function valueText(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value, undefined, 2) ?? "");
}

function brief(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > MAX_BRIEF ? `${line.slice(0, MAX_BRIEF)}…` : line;
}
