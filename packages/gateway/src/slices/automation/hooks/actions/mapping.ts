/** Mappings: which one a delivery is for, and what it makes of it. */

import { isRecord } from "../../../../base/config/config.ts";
import { defined } from "../../../../base/defined.ts";
import { sha256Hex } from "../../../../base/ids.ts";
import type { HooksSettings, Mapping } from "../settings.ts";
import { type Action, readAgentAction, readWake } from "./action.ts";
import { type Delivered, isTemplate, render } from "./template.ts";

/** A mapping with its name. */
export interface NamedMapping extends Mapping {
  readonly id: string;
  /** Why the mapping cannot be used; absent when it can. */
  readonly problem?: string;
}

/** The preset for mail: what programs post that read Gmail for a hook (automation: inbound hooks). */
const GMAIL: Mapping = {
  id: "gmail",
  match: { path: "gmail" },
  action: "agent",
  wakeMode: "now",
  name: "Gmail",
  sessionKey: "hook:gmail:{{messages[0].id}}",
  messageTemplate:
    "New email from {{messages[0].from}}\nSubject: {{messages[0].subject}}\n{{messages[0].snippet}}\n{{messages[0].body}}",
};

/** The mappings of the settings, and then the presets. */
export function mappingsOf({ mappings, presets }: HooksSettings): readonly NamedMapping[] {
  const taken = new Set<string>();
  const all: readonly Mapping[] = presets.includes("gmail") ? [...mappings, GMAIL] : mappings;
  return all.map((mapping, index) => {
    const problem = problemOf(mapping);
    const name = mapping.id ?? pathOf(mapping) ?? `mapping-${index + 1}`;
    // Retries are known by the name of their hook, so that no two hooks may share one.
    const id = taken.has(name) ? `${name}-${index + 1}` : name;
    taken.add(id);
    return { ...mapping, id, ...defined({ problem }) };
  });
}

/** Why a mapping cannot be used; undefined when it can. */
function problemOf(mapping: Mapping): string | undefined {
  const { verify, action = "agent", messageTemplate, textTemplate, transform } = mapping;
  if (verify && pathOf(mapping) === undefined)
    return "match.path is missing: a signed sender has an address of its own";
  if (verify?.scheme === "google" && (verify.audience === undefined || verify.email === undefined))
    return "verify.audience and verify.email are needed: anybody can have Google sign a push of theirs";
  if (verify && verify.scheme !== "google" && verify.secret === undefined) return "verify.secret is missing";
  if (verify?.scheme === "hmac" && verify.header === undefined) return "verify.header is missing";
  if (verify?.timestampHeader && verify.signed && !verify.signed.includes("{timestamp}"))
    return "verify.signed leaves out {timestamp}, so the time of sending would prove nothing";
  if (action === "agent" && !messageTemplate && !transform) return "messageTemplate or transform is missing";
  if (action === "wake" && !textTemplate && !transform) return "textTemplate or transform is missing";
  return undefined;
}

/** The path of a mapping without slashes around it. */
export function pathOf({ match }: Pick<Mapping, "match">): string | undefined {
  return match?.path?.replace(/^\/+|\/+$/g, "");
}

/** Whether a delivery is for a mapping, as far as the payload says. */
export function isFor(mapping: NamedMapping, { path, payload }: Pick<Delivered, "path" | "payload">): boolean {
  const source = mapping.match?.source;
  return isAt(mapping, path) && (source === undefined || (isRecord(payload) && payload.source === source));
}

/** Whether deliveries to a path may be for a mapping. */
export function isAt(mapping: NamedMapping, path: string): boolean {
  const own = pathOf(mapping);
  return own === undefined || own === path;
}

/**
 * What a mapping makes of a delivery; what its transform answers takes the place of what the settings say. Throws
 * `INVALID_REQUEST` when nothing is left to say.
 */
export function actionOf(
  mapping: NamedMapping,
  delivered: Delivered,
  transformed: Readonly<Record<string, unknown>> = {},
): Action {
  const rendered = (template: string | undefined) => template && render(template, delivered);
  const isWake = (transformed.kind ?? transformed.action ?? mapping.action) === "wake";
  if (isWake) return readWake({ text: rendered(mapping.textTemplate), mode: mapping.wakeMode, ...transformed });
  const { agentId, channel, accountId, threadId, model, thinking, timeoutSeconds, wakeMode, deliver } = mapping;
  const key = sessionKeyOf(mapping, delivered);
  const fields = {
    ...{ agentId, channel, accountId, threadId, model, thinking, timeoutSeconds, wakeMode, deliver },
    name: rendered(mapping.name) ?? mapping.id,
    to: rendered(mapping.to),
    message: rendered(mapping.messageTemplate),
    sessionKey: key?.text,
    ...transformed,
    // The owner's own words are never those of a payload.
    instructions: mapping.instructions ?? NO_INSTRUCTIONS,
  };
  return readAgentAction(fields, transformed.sessionKey === undefined && key ? key.by : "payload");
}

/** What the agent is told when the owner has said nothing about a hook. */
export const NO_INSTRUCTIONS =
  "A hook has brought the news that follow. Do with them what your instructions say about such news; else say in a few " +
  "words what they are about. If there is nothing to tell, answer NO_REPLY.";

/** Values of the payload become single words of a key, so that they cannot name another conversation. */
function sessionKeyOf({ sessionKey }: Mapping, delivered: Delivered) {
  if (sessionKey === undefined) return undefined;
  if (!isTemplate(sessionKey)) return { text: sessionKey, by: "settings" as const };
  return { text: render(sessionKey, delivered, asWord), by: "payload" as const };
}

function asWord(value: string): string {
  if (value === "") return "none";
  return /^[\w.@=+-]{1,128}$/.test(value) ? value : sha256Hex(value).slice(0, 16);
}
