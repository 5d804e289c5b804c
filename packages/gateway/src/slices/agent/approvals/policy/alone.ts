/** Whether nobody but one run did anything: what changed in the agents' folders meanwhile is that run's own doing. */
import type { ToolCall } from "../../../../kit/tool.ts";
import { agent as agentEvent } from "../../agent/events.ts";
import type { Gateway } from "../slice.ts";

/** Watches until it is disposed. */
export interface Alone extends Disposable {
  readonly isAlone: boolean;
}

/** Begins to watch for steps of other runs than the call's. */
export function aloneDuring({ gateway, run }: Pick<ToolCall<unknown, Gateway>, "gateway" | "run">): Alone {
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
