/** Loaded before the gateway: at SIGUSR2 writes the longest that its loop was held since, ms, to the file LOOP_HELD_FILE. */
import { renameSync, writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";

const file = process.env.LOOP_HELD_FILE;
/** The timer's own step, which every measurement contains, ms. */
const RESOLUTION_MS = 5;

if (file !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  process.on("SIGUSR2", () => {
    writeFileSync(`${file}.new`, String(Math.max(0, delay.max / 1e6 - RESOLUTION_MS)));
    renameSync(`${file}.new`, file);
    delay.reset();
  });
}
