/** `moltbot gateway` — runs the gateway, or asks about the one that runs. */

import { defineGroup } from "../command.ts";
import { callMethod } from "./gateway-call.ts";
import { probe } from "./gateway-probe.ts";
import { run } from "./gateway-run.ts";
import { gatewayStatus } from "./gateway-status.ts";
import { stop } from "./gateway-stop.ts";

/** The gateway's own commands; the word alone runs it. */
export const gateway = defineGroup({
  summary: "Run the gateway in the foreground, or ask about the one that runs",
  alone: run,
  commands: { run, status: gatewayStatus, stop, call: callMethod, probe },
});
