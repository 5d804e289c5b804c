/** Detects whether only one run did anything during a time; changes in the agents' folders are then its own. */

import type { Bus } from "../../../../base/bus.ts";
import type { ToolCall } from "../../../../kit/tool.ts";
import type { Agent } from "../../agent/agent.ts";
import { agent as agentEvent } from "../../agent/events.ts";

/** A watch, until disposed. */
export interface ExclusiveWatch extends Disposable {
  readonly isAlone: boolean;
}

/** The services that know of other runs. */
export interface OtherRuns {
  readonly agent: Pick<Agent, "counts">;
  readonly bus: Bus;
}

/** Starts to watch for steps of other runs. */
export function watchExclusive({
  gateway,
  run,
}: {
  gateway: OtherRuns;
  run: ToolCall<unknown>["run"];
}): ExclusiveWatch {
  let isAlone = gateway.agent.counts(run.id).active === 0;
  const watching = gateway.bus.on(agentEvent, ({ runId }) => {
    if (runId !== run.id) isAlone = false;
  });
  return {
    get isAlone() {
      return isAlone && gateway.agent.counts(run.id).active === 0;
    },
    [Symbol.dispose]: () => watching[Symbol.dispose](),
  };
}
