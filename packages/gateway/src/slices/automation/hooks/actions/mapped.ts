/** Does what a mapping makes of a delivery: through its transform, and for each item when it is split. */
import { isRecord } from "../../../../base/config/config.ts";
import { messageOf, TellableError } from "../../../../base/errors.ts";
import type { Answer } from "../deliveries.ts";
import { mappingFailed, refused } from "../receive/refusal.ts";
import { actionOf, type NamedMapping } from "./mapping.ts";
import { type ActionContext, type Arrival, performAgent, performWake } from "./perform.ts";
import type { Delivered } from "./template.ts";
import { runTransform, type Transformed, transformsFolder } from "./transform.ts";

/** A delivery, and the mapping that it is for. */
export interface Mapped {
  readonly mapping: NamedMapping;
  readonly delivered: Delivered;
}

const MAX_ITEMS = 200;

/** Answers once all of it is on disk. Throws the refusal of what cannot be done. */
export async function performMapped(performing: ActionContext, mapped: Mapped, arrival: Arrival): Promise<Answer> {
  const { forEach } = mapped.mapping;
  if (forEach === undefined) return await performOne(performing, mapped, arrival);
  const { deliveries } = performing;
  const items = itemsIn(mapped.delivered.payload, forEach);
  const runIds: unknown[] = [];
  for (const [index, payload] of items.entries()) {
    // An item that was done before the gateway was killed is known by its own keys.
    const keys = (arrival.keys ?? []).map((key) => `${key} ${index}`);
    const each = { ...mapped, delivered: { ...mapped.delivered, payload } };
    const { body } = deliveries.repeat(keys) ?? (await performOne(performing, each, { ...arrival, keys }));
    if (body.runId !== undefined) runIds.push(body.runId);
  }
  const answer = { status: 202, body: { ok: true, runIds } };
  deliveries.add({ ...arrival, ...answer, outcome: "accepted", reason: `it was split into ${items.length}` });
  return answer;
}

/** The payload once for each item of a list in it, with the item beside it. */
function itemsIn(payload: unknown, name: string): Readonly<Record<string, unknown>>[] {
  const items = isRecord(payload) && Object.hasOwn(payload, name) ? payload[name] : undefined;
  if (!isRecord(payload) || !Array.isArray(items)) throw refused(400, `the payload has no list "${name}"`);
  if (items.length > MAX_ITEMS) throw refused(400, `the list "${name}" has more than ${MAX_ITEMS} items`);
  return items.map((item) => ({ ...payload, item }));
}

async function performOne(
  performing: ActionContext,
  { mapping, delivered }: Mapped,
  arrival: Arrival,
): Promise<Answer> {
  const transformed = await transformedBy(performing, mapping, delivered);
  if (transformed === null) {
    const answer = { status: 204, body: {} };
    performing.deliveries.add({
      ...arrival,
      ...answer,
      outcome: "skipped",
      reason: "its transform wants nothing done",
    });
    return answer;
  }
  const action = actionOf(mapping, delivered, transformed);
  return action.kind === "wake" ? performWake(performing, action, arrival) : performAgent(performing, action, arrival);
}

/** What the transform of a mapping answers; undefined when there is none. Throws the refusal of one that fails. */
export async function transformedBy(
  { services: { clock, log, stateDir }, settings }: Pick<ActionContext, "services" | "settings">,
  { id, transform }: NamedMapping,
  delivered: Delivered,
): Promise<Transformed | undefined> {
  if (!transform) return undefined;
  const folder = transformsFolder(stateDir, settings.transformsDir);
  try {
    return await runTransform(delivered, { folder, module: transform.module, export: transform.export, clock });
  } catch (error) {
    if (!(error instanceof TellableError)) log.error("a transform met an unexpected error", { hook: id, error });
    throw mappingFailed(`its transform failed: ${messageOf(error)}`);
  }
}
