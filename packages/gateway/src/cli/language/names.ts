/** Short forms of ids, as lists show them. Every command that takes an id takes its short form too. */

import type { Link } from "../reach/connect.ts";

/**
 * A conversation's key without the part that the gateway adds by itself: the default agent, and `main` for its main
 * conversation (protocol: session keys).
 */
export function briefKey(key: string, { hello }: Pick<Link, "hello">): string {
  const { defaultAgentId, mainKey, mainSessionKey } = hello.snapshot.sessionDefaults ?? {};
  if (key === mainSessionKey) return mainKey ?? key;
  const own = `agent:${defaultAgentId ?? "main"}:`;
  return key.startsWith(own) ? key.slice(own.length) : key;
}

/** The first eight characters of a run's id. */
export function shortRun(runId: string): string {
  return runId.slice(0, 8);
}

/** The first twelve characters of a device's id. */
export function shortDevice(deviceId: string): string {
  return deviceId.slice(0, 12);
}
