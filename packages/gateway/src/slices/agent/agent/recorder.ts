/** The port that watches a run: its questions to models, and their answers. */
import type { ModelMessage, ModelRequest } from "../models/port.ts";
import type { Run } from "./run/run.ts";
import type { ToolRequest } from "./toolbox/toolbox.ts";
import type { LoopPorts } from "./turn/loop.ts";

/** The start of a run's conversation with its model. */
export interface Beginning {
  readonly messages: readonly ModelMessage[];
  /** Calls that an earlier attempt left without an answer. */
  readonly pending: readonly ToolRequest[];
}

/** Records what is needed to repeat a run. It must not change the run. */
export interface RunRecorder {
  /** Called when a run begins to ask its model; returns the ports that it is to use. */
  watch(run: Run, ports: LoopPorts, beginning: Beginning): LoopPorts;
  /** Called before each question. */
  asked(request: ModelRequest): void;
}
