/** `moltbot gateway call METHOD` — any method of the protocol, its answer as JSON. */

import { randomUUID } from "node:crypto";
import { METHODS } from "@moltbot/protocol";
import { defined } from "../../base/defined.ts";
import { readParams } from "../reach/call.ts";
import { withGateway } from "../reach/connect.ts";
import type { MethodCall } from "./gateway.ts";

/** Calls a method and prints its answer. */
export async function callMethod(call: MethodCall): Promise<void> {
  const [method = ""] = call.words;
  const params = withKey(method, readParams(call.flags.params));
  await withGateway(call, async ({ client }) => {
    const { timeout } = call.flags;
    const answer = await client.request(method as string, params, {
      expectFinal: call.flags["expect-final"],
      ...defined({ timeoutMs: timeout }),
    });
    call.out.json(answer ?? null);
  });
}

/** Methods that must not happen twice want a key; a person at a terminal means a new call each time. */
function withKey(method: string, params: Record<string, unknown>): Record<string, unknown> {
  const once = Object.hasOwn(METHODS, method) && METHODS[method as keyof typeof METHODS].once;
  return once && params.idempotencyKey === undefined ? { ...params, idempotencyKey: randomUUID() } : params;
}
