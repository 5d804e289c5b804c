/** `moltbot backup` — makes, lists, checks and prunes backups, with the gateway or while it is stopped. */

import { resolve } from "node:path";
import type { BackupListResult, BackupReport, BackupRow } from "@moltbot/protocol";
import type { StoredBackup } from "../../base/backup/backup-folder.ts";
import { reportOf } from "../../base/backup/manifest.ts";
import { defined } from "../../base/defined.ts";
import { envOf } from "../../base/files.ts";
import { type Asking, atBackups, newPassphrase, passphraseFor } from "../backup/reach.ts";
import { defineCommand, defineGroup } from "../language/command.ts";
import { canAsk } from "../terminal/prompt.ts";
import { ago, bytes, table } from "../terminal/render.ts";

const now = defineCommand({
  summary: "Make a backup now",
  flags: {
    to: { kind: "text", value: "FILE", summary: "Make it there, encrypted, for another disk or machine" },
    plain: { kind: "switch", summary: "Leave it unencrypted wherever it goes" },
  },
  examples: ["moltbot backup now", "moltbot backup now --to /mnt/usb/moltbot.sealed"],
  async run(call) {
    const { flags, env, out } = call;
    const to = flags.to === undefined ? undefined : resolve(flags.to);
    const isAsked = to !== undefined && !flags.plain && envOf(env, "BACKUP_PASSPHRASE") === undefined && canAsk();
    const passphrase = isAsked ? await newPassphrase() : envOf(env, "BACKUP_PASSPHRASE");
    const made = await atBackups(call, "Making a backup", {
      gateway: ({ client, timeoutMs }) =>
        client.request("backup.now", defined({ to, passphrase, plain: flags.plain || undefined }), { timeoutMs }),
      async here(backupStore) {
        const { path, bytes, manifest } = await backupStore.now({ to, passphrase, isPlain: flags.plain || undefined });
        return { ...reportOf(path, manifest), archiveBytes: bytes };
      },
    });
    if (flags.json) return out.json(made);
    out.print(`${made.path} is made: ${contents(made)}; ${bytes(made.archiveBytes)}.`);
    leftOut(made, call);
  },
});

type Listed = Pick<BackupListResult, "folder" | "backups" | "problem">;

const list = defineCommand({
  summary: "List the backups",
  async run(call) {
    const { flags, out } = call;
    const found = await atBackups<Listed>(call, "Looking", {
      gateway: ({ client, timeoutMs }) => client.request("backup.list", {}, { timeoutMs }),
      here: async (backupStore) => ({ folder: backupStore.folder, backups: (await backupStore.list()).map(rowOf) }),
    });
    if (flags.json) return out.json(found);
    if (found.backups.length === 0) {
      out.print(`There is no backup in ${found.folder} yet; \`moltbot backup now\` makes one.`);
    } else {
      out.print(`In ${found.folder}:`);
      out.print(rows(found.backups, call));
    }
    if (found.problem !== undefined) out.print(out.style.yellow(found.problem));
  },
});

const verify = defineCommand({
  summary: "Read all of a backup and compare every hash",
  positionals: [{ name: "FILE", optional: true }],
  examples: ["moltbot backup verify", "moltbot backup verify /mnt/usb/moltbot.sealed"],
  async run(call) {
    const report = await checked(call, "verify");
    if (call.flags.json) return call.out.json(report);
    call.out.print(`${report.path} is whole: ${contents(report)}, made ${ago(report.at)} by ${report.version}.`);
    leftOut(report, call);
  },
});

const drill = defineCommand({
  summary: "Restore a backup into a folder of its own, compare it, and remove it",
  positionals: [{ name: "FILE", optional: true }],
  async run(call) {
    const report = await checked(call, "drill");
    if (call.flags.json) return call.out.json(report);
    call.out.print(`${report.path} can be restored: ${contents(report)} are as they were written.`);
    leftOut(report, call);
  },
});

const prune = defineCommand({
  summary: "Remove the backups that are old by the settings",
  flags: { "dry-run": { kind: "switch", summary: "Only show which those are" } },
  async run(call) {
    const { flags, out } = call;
    const dryRun = flags["dry-run"];
    const { removed } = await atBackups(call, "Pruning", {
      gateway: ({ client, timeoutMs }) => client.request("backup.prune", { dryRun }, { timeoutMs }),
      here: async (backupStore) => ({ removed: (await backupStore.prune(dryRun)).map(rowOf) }),
    });
    if (flags.json) return out.json({ removed });
    if (removed.length === 0) return out.print("No backup is old.");
    out.print(dryRun ? "These are old:" : "These were removed:");
    out.print(rows(removed, call));
  },
});

/** Backups. */
export const backup = defineGroup({
  summary: "Make, list and check backups",
  alone: list,
  commands: { now, list, verify, drill, prune },
});

async function checked(call: Asking & { words: readonly string[] }, how: "verify" | "drill"): Promise<BackupReport> {
  const [file] = call.words;
  const passphrase = await passphraseFor(file, call);
  return await atBackups<BackupReport>(call, how === "verify" ? "Reading the backup" : "Restoring it for a try", {
    gateway: ({ client, timeoutMs }) =>
      client.request(`backup.${how}`, defined({ file: placed(file), passphrase }), { timeoutMs }),
    async here(backupStore) {
      const { path, manifest } =
        how === "verify" ? await backupStore.verify({ file, passphrase }) : await backupStore.drill(file, passphrase);
      return reportOf(path, manifest);
    },
  });
}

/** A path counts from where the command was typed; a bare name is one of the folder. */
export function placed(file: string | undefined): string | undefined {
  return file === undefined || !file.includes("/") ? file : resolve(file);
}

function contents({ files, rows, bytes: size }: BackupReport): string {
  return `${files} files and ${rows} rows, ${bytes(size)} unpacked`;
}

function leftOut({ left }: BackupReport, { out }: Asking): void {
  if (left.length > 0) out.print(out.style.yellow(`Left out, or changed meanwhile: ${left.slice(0, 10).join(", ")}`));
}

function rowOf({ file, path, at, bytes, isEncrypted }: StoredBackup): BackupRow {
  return { file, path, at, bytes, encrypted: isEncrypted };
}

function rows(backups: readonly BackupRow[], { out }: Asking): string {
  const columns = [{ title: "Backup" }, { title: "Made" }, { title: "Size", align: "right" as const }, { title: "" }];
  const cells = backups.map(({ file, at, bytes: size, encrypted }) => [
    ...[file, ago(at), bytes(size), encrypted ? "encrypted" : ""],
  ]);
  return table(columns, cells, out);
}
