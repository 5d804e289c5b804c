/** The time that work takes of the processor: it hardly depends on what else the machine does, unlike the time that passes. */
import { setTimeout as sleep } from "node:timers/promises";

/** What `work` took of the processor, ms, all threads of this process together. */
export function cpuMsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  return msSince(before);
}

/** How much of the processor the longest turn of the event loop took while `work` ran, ms. Others wait for so long. */
export async function longestTurnMs(work: () => Promise<unknown>): Promise<number> {
  const over = new AbortController();
  let longest = 0;
  const watch = async () => {
    while (!over.signal.aborted) {
      const before = process.cpuUsage();
      await sleep(1);
      longest = Math.max(longest, msSince(before));
    }
  };
  const watched = watch();
  await work().finally(() => over.abort());
  await watched;
  return longest;
}

function msSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
