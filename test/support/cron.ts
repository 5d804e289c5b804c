/** Jobs for tests of the schedule. */

import type { WireClient } from "./wire-client.ts";

const HOUR_MS = 3_600_000;
/** How soon a job is due at first, ms. */
const LEAD_MS = 200;

/**
 * Adds a job that is due in a moment, and then each hour. On a busy machine the moment may have passed before the gateway
 * hears of the job, so that it is due in an hour: it is removed then, and added with a longer lead.
 */
export async function addSoon(client: WireClient, job: object) {
  for (let leadMs = LEAD_MS; ; leadMs *= 2) {
    const schedule = { kind: "every", everyMs: HOUR_MS, anchorMs: Date.now() + leadMs };
    const added = await client.call("cron.add", { ...job, schedule });
    if (added.state.nextRunAtMs <= schedule.anchorMs) return added;
    await client.call("cron.remove", { id: added.id });
  }
}
