/** The `backup` section: when backups are made, where they are put, and which stay. */
import { type Static, Type } from "@sinclair/typebox";
import { OneOf, SecretLine } from "../../../kit/schema/schema.ts";
import { defineSettings } from "../../../kit/settings.ts";

const Path = Type.String({ minLength: 1, maxLength: 4_096 });

const Backup = Type.Object({
  schedule: Type.Union(OneOf("daily", "weekly", "off").anyOf, {
    default: "daily",
    description: "How often a backup is made automatically.",
  }),
  folder: Type.Optional({
    ...Path,
    description: "Where backups are put. Without it, a folder beside the state folder, with -backups behind its name.",
  }),
  keepDaily: Type.Integer({
    default: 7,
    minimum: 1,
    maximum: 366,
    description: "Of how many days the newest backup stays.",
  }),
  keepWeekly: Type.Integer({
    default: 4,
    minimum: 0,
    maximum: 520,
    description: "Of how many weeks the newest backup stays.",
  }),
  maxMegabytes: Type.Integer({
    default: 20_000,
    minimum: 1,
    maximum: 100_000_000,
    description: "How much all backups may take together; the oldest go first, the newest stays.",
  }),
  keepRestoresDays: Type.Integer({
    default: 14,
    minimum: 0,
    maximum: 3_650,
    description: "For how many days what was there before a restore stays; then undo is no longer possible.",
  }),
  passphrase: Type.Optional({
    ...SecretLine,
    description: "Encrypts backups. MOLTBOT_BACKUP_PASSPHRASE wins over it. Without it nobody can read them again.",
  }),
  stream: Type.Optional({
    ...Path,
    description:
      "A file, or a folder, best on another disk: every change is written there before it counts, and `moltbot restore " +
      "--at TIME` goes back to any moment since the first backup after. Encrypted with the passphrase. A change, also of the passphrase then, restarts the gateway in place.",
  }),
  streamMegabytes: Type.Integer({
    default: 64,
    minimum: 1,
    maximum: 100_000,
    description:
      "The size from which on a file of the journal is full; the next one follows it. A change restarts the gateway in place while backup.stream is on.",
  }),
  plain: Type.Boolean({
    default: false,
    description: "Backups may go to another folder unencrypted.",
  }),
});
export type BackupSettings = Static<typeof Backup>;

export const backup = defineSettings({
  path: "backup",
  summary: "Backups of everything that the gateway keeps.",
  reload: "live",
  // The journal is begun before any slice writes. With one, what it is written by counts from a start.
  needsRestart(before, after, given) {
    const isElsewhere = given("BACKUP_STREAM") === undefined && after.stream !== before.stream;
    const isOff = given("BACKUP_STREAM") === undefined && after.stream === undefined;
    if (isElsewhere || isOff) return isElsewhere;
    const isOtherKey = given("BACKUP_PASSPHRASE") === undefined && after.passphrase !== before.passphrase;
    return isOtherKey || after.streamMegabytes !== before.streamMegabytes;
  },
  schema: Backup,
});
