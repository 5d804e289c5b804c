/** Detects whether only one run did anything during a time; changes in the agents' folders are then its own. */
import type { ToolCall } from "../../../../kit/tool.ts";
import { agent as agentEvent } from "../../agent/events.ts";
import type { Gateway } from "../slice.ts";

/** A watch, until disposed. */
export interface Alone extends Disposable {
  readonly isAlone: boolean;
}

/** Starts to watch for steps of other runs. */
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
