/** Takes the newest import back. What came after it stays. */
import { rmSync } from "node:fs";
import type { ImportContext } from "./apply.ts";
import type { UndoneImport } from "./plan.ts";

export function undo({ services, records }: ImportContext): UndoneImport | undefined {
  const last = records.last();
  if (last === undefined) return undefined;
  const { record, folder, id } = last;
  const { clock, cron, devices, messaging, nodes, sessions, store } = services;
  const kept: string[] = [];
  const messages = store.transaction(() => {
    for (const deviceId of record.devices) devices.disown(deviceId);
    for (const jobId of record.jobs) cron.disown(jobId);
    for (const { channel, sender } of record.senders) messaging.pairing.revoke(channel, sender);
    for (const { channel, account, keys } of record.logins)
      messaging.stateOf(channel, account).write(Object.fromEntries(keys.map((key) => [key, undefined])));
    if (record.voiceWake) nodes.voiceWake.set(record.voiceWake);
    records.undone(id, clock.now());
    return record.conversations.reduce((sum, each) => sum + sessions.adoption.remove(each), 0);
  });
  if (record.config) {
    const { raw, hash } = services.config.snapshot();
    if (raw === record.config.after) services.config.write(record.config.before, hash);
    else kept.push("The settings were changed since; `moltbot config history` shows the text from before the import.");
  }
  for (const copy of record.copies) rmSync(copy, { recursive: true, force: true });
  return {
    folder,
    kept,
    removed: {
      messages,
      jobs: record.jobs.length,
      devices: record.devices.length,
      senders: record.senders.length,
      logins: record.logins.length,
    },
  };
}
