/** Decides when a conversation begins anew by itself. Pure: all facts are passed in; hours are those of the machine. */
import { kindOf } from "./key.ts";
import type { ResetRule, SessionSettings } from "./settings.ts";

/** What ended a conversation. */
export type Expiry = "daily" | "idle";

/** A complete rule. */
export interface ResetPolicy {
  readonly mode: "daily" | "idle" | "off";
  readonly atHour: number;
  /** Undefined in mode `daily` when only the hour counts. */
  readonly idleMinutes: number | undefined;
}

const IDLE_MINUTES = 60;
const AT_HOUR = 4;

/** The policy of a conversation: its channel's rule above that of its kind above that of all. */
export function resetPolicy(
  { reset, resetByType = {}, resetByChannel = {} }: Pick<SessionSettings, "reset" | "resetByType" | "resetByChannel">,
  { key, channel }: { readonly key: string; readonly channel: string },
): ResetPolicy {
  const rule: ResetRule = { ...reset, ...resetByType[typeOf(key)], ...resetByChannel[channel] };
  const { mode = "daily", atHour = AT_HOUR, idleMinutes } = rule;
  return { mode, atHour, idleMinutes: idleMinutes ?? (mode === "idle" ? IDLE_MINUTES : undefined) };
}

/** Whether a conversation whose last message was at `lastAt` is over at `now` (epoch ms); if so, the earlier reason. */
export function expiryOf({ mode, atHour, idleMinutes }: ResetPolicy, lastAt: number, now: number): Expiry | undefined {
  if (mode === "off") return undefined;
  const idleAt = idleMinutes === undefined ? Number.POSITIVE_INFINITY : lastAt + idleMinutes * 60_000;
  const dayAt = mode === "daily" ? nextHour(lastAt, atHour) : Number.POSITIVE_INFINITY;
  if (Math.min(idleAt, dayAt) > now) return undefined;
  return idleAt < dayAt ? "idle" : "daily";
}

/**
 * The first time after `at` when the machine's clock shows `hour`, epoch ms. When a clock change skips the hour, it is
 * the moment after the change; when the hour comes twice, it is the first.
 */
export function nextHour(at: number, hour: number): number {
  const day = new Date(at);
  const candidate = (days: number) =>
    new Date(day.getFullYear(), day.getMonth(), day.getDate() + days, hour, 0, 0, 0).getTime();
  const today = candidate(0);
  return today > at ? today : candidate(1);
}

function typeOf(key: string): "dm" | "group" | "thread" {
  if (/:(?:thread|topic):/.test(key)) return "thread";
  return kindOf(key) === "group" ? "group" : "dm";
}
