/** Where a run can be watched from outside: what it asks of models, and what it is told while it works. */
import type { ModelMessage, ModelRequest } from "../models/port.ts";
import type { Run } from "./run/run.ts";
import type { ToolRequest } from "./toolbox/toolbox.ts";
import type { LoopPorts } from "./turn/loop.ts";

/** Where a run's conversation with its model begins. */
export interface Beginning {
  readonly messages: readonly ModelMessage[];
  /** Calls that an earlier attempt left without an answer. */
  readonly pending: readonly ToolRequest[];
}

/** Whoever keeps what is needed to repeat a run. What it does must not change the run. */
export interface RunRecorder {
  /** Called when a run begins to ask its model; returns the ports that it is to use. */
  watch(run: Run, ports: LoopPorts, beginning: Beginning): LoopPorts;
  /** Called before each question. */
  asked(request: ModelRequest): void;
}
