/** `moltbot state` — what uses the space of the state folder, and what a prune would free. */

import type { StateSizes } from "@moltbot/protocol";
import { atBackups } from "../backup/reach.ts";
import { defineCommand } from "../language/command.ts";
import { bytes, table } from "../terminal/render.ts";

/** By what each kind stays small. */
const RULES: Readonly<Record<string, string>> = {
  database: "messages.keepDays, cron.keepDays",
  "database copies": "two daily ones and three from updates",
  media: "messages.keepDays, messages.mediaMegabytes",
  recordings: "7 days, 200 MB",
  logs: "20 MB",
  "earlier restores": "backup.keepRestoresDays",
  backups: "backup.keepDaily, backup.maxMegabytes",
  journal: "stays as long as a backup needs it",
};

/** Sizes by kind. */
export const state = defineCommand({
  summary: "Show what takes the room of the state folder",
  examples: ["moltbot state", "moltbot backup prune"],
  async run(call) {
    const { flags, out } = call;
    const found = await atBackups<StateSizes>(call, "Measuring", {
      gateway: ({ client, timeoutMs }) => client.request("state.sizes", {}, { timeoutMs }),
      async here(backupStore) {
        const { sizes, ...report } = await backupStore.report();
        return { sizes: [...sizes], ...report };
      },
    });
    if (flags.json) return out.json(found);
    const columns = [
      ...[{ title: "What" }, { title: "Files", align: "right" as const }, { title: "Size", align: "right" as const }],
      { title: "Stays small by" },
    ];
    const rows = found.sizes.map(({ kind, files, bytes: size }) => [
      ...[kind, String(files), bytes(size), RULES[kind] ?? ""],
    ]);
    out.print(table(columns, rows, out));
    out.print(`${bytes(found.freeBytes)} are free on the disk.`);
    if (found.prunableBytes > 0)
      out.print(`\`moltbot backup prune\` would free ${bytes(found.prunableBytes)} of old backups and restores.`);
  },
});
