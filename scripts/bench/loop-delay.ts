/** Loaded before the gateway: writes how late its event loop was, p99 in ms, to the file that LOOP_DELAY_FILE names. */
import { writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";

const file = process.env.LOOP_DELAY_FILE;
/** The timer's own step, which every measurement contains, ms. */
const RESOLUTION_MS = 10;

if (file !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  process.on("SIGUSR2", () => delay.reset());
  setInterval(() => writeFileSync(file, String(Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION_MS))), 100).unref();
}
