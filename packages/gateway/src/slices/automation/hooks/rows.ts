/** What is told of hooks: the addresses that may be called, and a delivery that is only tried. */
import type { Static } from "@sinclair/typebox";
import { defined } from "../../../base/defined.ts";
import { transformedBy } from "./actions/mapped.ts";
import { actionOf, isFor, mappingsOf, type NamedMapping, pathOf } from "./actions/mapping.ts";
import type { ActionContext } from "./actions/perform.ts";
import { planOf } from "./actions/plan.ts";
import { visibleHeaders } from "./actions/template.ts";
import { payloadIn } from "./receive/read.ts";
import { refusalOf } from "./receive/refusal.ts";
import type { HookShape, TrialShape } from "./schema.ts";
import type { HooksSettings } from "./settings.ts";

type HookRow = Static<typeof HookShape>;

/** The hooks of the settings, the built-in ones first. */
export function hookRows(settings: HooksSettings, lastOf: (hook: string) => number | undefined): HookRow[] {
  const builtIn = (["wake", "agent"] as const).map((id): HookRow => {
    const problem = settings.token === undefined ? "hooks.token is not set" : undefined;
    return {
      id,
      path: `${settings.path}/${id}`,
      action: id,
      proof: "token",
      ...defined({ lastAt: lastOf(id), problem }),
    };
  });
  return [...builtIn, ...mappingsOf(settings).map((mapping) => mappingRow(mapping, settings, lastOf(mapping.id)))];
}

function mappingRow(mapping: NamedMapping, { path, token }: HooksSettings, lastAt: number | undefined): HookRow {
  const { id, action = "agent", verify, agentId, transform, match } = mapping;
  const own = pathOf(mapping);
  const unreachable = !verify && token === undefined ? "hooks.token is not set" : undefined;
  return {
    ...{ id, action, proof: verify?.scheme ?? "token" },
    ...defined({
      ...{ path: own === undefined ? undefined : `${path}/${own}`, source: match?.source, agentId, lastAt },
      ...{ transform: transform?.module, problem: mapping.problem ?? unreachable },
    }),
  };
}

/** A delivery that is tried. */
interface Trial {
  readonly path: string;
  readonly payload: unknown;
  readonly headers?: Record<string, string>;
}

/** What would become of a delivery. Its transform does run; nothing is stored, told or started. */
export async function tryDelivery(
  trying: Pick<ActionContext, "services" | "settings">,
  { path, payload, headers = {} }: Trial,
): Promise<Static<typeof TrialShape>> {
  const { services, settings } = trying;
  const inner = path.replace(/^\/+|\/+$/g, "");
  const body = Buffer.from(JSON.stringify(payload ?? null));
  const scheme = mappingsOf(settings).find((mapping) => pathOf(mapping) === inner)?.verify?.scheme;
  const lowered = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  try {
    const delivered = {
      ...{ path: inner, query: {}, headers: visibleHeaders(lowered), at: services.clock.now() },
      payload: payloadIn(body, undefined, scheme),
    };
    const mapping = mappingsOf(settings).find((each) => isFor(each, delivered));
    if (!mapping) return { outcome: "refused", reason: "no mapping is for this delivery" };
    const hook = { hook: mapping.id };
    if (mapping.problem !== undefined) return { ...hook, outcome: "failed", reason: mapping.problem };
    const transformed = await transformedBy(trying, mapping, delivered);
    if (transformed === null) return { ...hook, outcome: "skipped", reason: "its transform wants nothing done" };
    const action = actionOf(mapping, delivered, transformed);
    if (action.kind === "wake") return { ...hook, outcome: "woken", text: action.text };
    const { agentId, sessionKey, deliver, undelivered } = planOf(services, settings, action);
    return {
      ...{ ...hook, outcome: "accepted", text: action.message, agentId, sessionKey },
      ...(deliver && { deliver: `${deliver.channel}:${deliver.chat.id}` }),
      ...defined({ reason: undelivered }),
    };
  } catch (error) {
    const refusal = refusalOf(error);
    if (!refusal) throw error;
    return { outcome: refusal.status >= 500 ? "failed" : "refused", reason: refusal.reason };
  }
}
