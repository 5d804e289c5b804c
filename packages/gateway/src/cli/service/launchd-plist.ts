/** The text of a property list for launchd. Source: launchd.plist(5). */

import { usageError } from "../language/exit.ts";
import type { ServiceKind, ServicePlan } from "./service.ts";

/** launchd starts a job that ended again after this many seconds at the earliest. */
const THROTTLE_S = 10;

/** The label of a service: `bot.molt.gateway`, or `bot.molt.gateway.work` of a profile. */
export function launchdLabel(kind: ServiceKind, profile: string | undefined): string {
  return `bot.molt.${kind}${profile === undefined || profile === "default" ? "" : `.${profile}`}`;
}

/** The property list. Throws a usage error for a path that no list can hold. */
export function plistText(plan: ServicePlan): string {
  const { kind, profile, command, env, logFile } = plan;
  const entries: readonly [string, string][] = [
    ["Label", string(launchdLabel(kind, profile))],
    ["ProgramArguments", array(command)],
    ["RunAtLoad", "<true/>"],
    ["KeepAlive", "<true/>"],
    ["ThrottleInterval", `<integer>${THROTTLE_S}</integer>`],
    ["ProcessType", string("Interactive")],
    ["Umask", "<integer>63</integer>"],
    ["EnvironmentVariables", dict(env)],
    ["StandardOutPath", string(logFile)],
    ["StandardErrorPath", string(logFile)],
  ];
  const body = entries.map(([key, value]) => `  <key>${key}</key>\n  ${value}`).join("\n");
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    "<dict>",
    body,
    "</dict>",
    "</plist>",
    "",
  ].join("\n");
}

/** The program that a property list names. */
export function programOfPlist(text: string): string[] {
  const list = /<key>ProgramArguments<\/key>\s*<array>([\s\S]*?)<\/array>/.exec(text)?.[1] ?? "";
  return [...list.matchAll(/<string>([\s\S]*?)<\/string>/g)].map(([, word = ""]) => plain(word));
}

function array(words: readonly string[]): string {
  return `<array>\n${words.map((word) => `    ${string(word)}`).join("\n")}\n  </array>`;
}

function dict(values: Readonly<Record<string, string>>): string {
  const rows = Object.entries(values).map(([name, value]) => `    <key>${escaped(name)}</key>\n    ${string(value)}`);
  return `<dict>\n${rows.join("\n")}\n  </dict>`;
}

function string(text: string): string {
  return `<string>${escaped(text)}</string>`;
}

function escaped(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML has no way to write them
  if (/[\x00-\x1f\x7f]/.test(text))
    throw usageError("A path or setting of a service must not hold control characters.");
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function plain(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
