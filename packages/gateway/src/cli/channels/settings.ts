/** An account's settings from flags: `--bot-token TEXT` is `botToken`, with the type that the gateway's schema says. */

import { isRecord } from "../../base/config/config.ts";
import { seeHelp } from "../language/args.ts";
import { usageError } from "../language/exit.ts";
import { nearest } from "../language/nearest.ts";
import type { Link } from "../reach/connect.ts";
import type { ChannelMeta } from "./known.ts";

type Setting = NonNullable<ChannelMeta["settings"]>[number];

/** `botToken` as a flag: `bot-token`. */
export function flagOf(setting: string): string {
  return setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The setting that `--token` means: the one of that name, else the bot's, else the first that is a token. */
export function tokenSetting({ settings = [] }: ChannelMeta): Setting | undefined {
  const secrets = settings.filter(({ isSecret }) => isSecret);
  const named = (name: string) => secrets.find((each) => each.name === name);
  return named("token") ?? named("botToken") ?? secrets.find(({ name }) => /token$/i.test(name));
}

/** Reads settings from flags; `besides` are flags that are no settings. Throws a usage error for one that neither the channel nor all accounts have. */
export async function readSettings(
  link: Link,
  meta: ChannelMeta,
  { flags, besides }: { readonly flags: Readonly<Record<string, string>>; readonly besides: readonly string[] },
): Promise<Record<string, unknown>> {
  if (Object.keys(flags).length === 0) return {};
  const schemas = await readSchemas(link, meta.id);
  const byFlag = new Map(Object.keys(schemas).map((name) => [flagOf(name), name]));
  const settings: Record<string, unknown> = {};
  for (const [flag, text] of Object.entries(flags)) {
    // A setting whose name is taken by a flag of the command goes by its channel's name: `--signal-account`.
    const name = byFlag.get(flag) ?? byFlag.get(flag.replace(`${meta.id}-`, ""));
    if (name === undefined) throw unknownSetting(meta, flag, [...besides, ...byFlag.keys()]);
    settings[name] = readValue(`--${flag}`, text, schemas[name]);
  }
  return settings;
}

/** The schemas of what an account can be told. `accounts` is not one of them: each has its own command line. */
async function readSchemas({ client, timeoutMs }: Link, channel: string): Promise<Record<string, unknown>> {
  const { schema } = await client.request("config.schema", {}, { timeoutMs });
  let at: unknown = schema;
  for (const key of ["properties", "channels", "properties", channel, "properties"])
    at = isRecord(at) ? at[key] : undefined;
  const { accounts: _, ...settings } = isRecord(at) ? at : {};
  return settings;
}

function unknownSetting({ id, label }: ChannelMeta, flag: string, known: readonly string[]) {
  const close = nearest(flag, known);
  const hint = close === undefined ? "" : ` Did you mean --${close}?`;
  return usageError(`${label} has no setting --${flag}.${hint} ${seeHelp(`channels add ${id}`)}`);
}

function readValue(flag: string, text: string, schema: unknown): unknown {
  const type = isRecord(schema) ? schema.type : undefined;
  if (type === "boolean") {
    if (/^(true|yes|on)$/i.test(text)) return true;
    if (/^(false|no|off)$/i.test(text)) return false;
    throw usageError(`${flag} is true or false, not ${JSON.stringify(text)}.`);
  }
  if (type === "integer" || type === "number") {
    const number = Number(text);
    if (text.trim() !== "" && Number.isFinite(number)) return number;
    throw usageError(`${flag} is a number, not ${JSON.stringify(text)}.`);
  }
  if (type === "array" && !text.trim().startsWith("[")) return text.split(",").map((each) => each.trim());
  if (type !== "array" && type !== "object") return text;
  try {
    return JSON.parse(text);
  } catch {
    throw usageError(`${flag} is JSON, not ${JSON.stringify(text)}.`);
  }
}
