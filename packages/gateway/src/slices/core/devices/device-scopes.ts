/** What a device holds, and what it lacks for what it asks. */
import { type Caller, hasScope, requireScope } from "../../../kit/access.ts";
import type { DeviceRequest } from "../../../kit/admission.ts";
import type { Device } from "./device-rows.ts";

/** What a device lacks for a request; undefined when it has all of it. */
export function missing(device: Device | undefined, { role, scopes }: DeviceRequest) {
  if (!device) return "not-paired" as const;
  if (!device.roles.includes(role)) return "role-upgrade" as const;
  return covers(device.scopes, scopes) ? undefined : ("scope-upgrade" as const);
}

/** Whether all that is wanted is held. */
export function covers(held: readonly string[], wanted: readonly string[]): boolean {
  const set = new Set(held);
  return wanted.every((scope) => hasScope(set, scope));
}

/** What is in either, in order. */
export function union(a: readonly string[] = [], b: readonly string[] = []): string[] {
  return [...new Set([...a, ...b])].sort();
}

/** Requires that the caller holds the scopes that they give or take away. */
export function requireCovered(caller: Pick<Caller, "scopes">, wanted: readonly string[]): void {
  for (const scope of wanted) requireScope(caller, scope);
}
