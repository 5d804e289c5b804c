/** The methods of backups. */
import { Type } from "@sinclair/typebox";
import { HostPath, Millis, NonEmpty, SecretLine } from "../../../kit/schema/schema.ts";
import { BackupHealth, BackupReach, BackupReport, BackupRow, StateSizes } from "./schema.ts";
import { defineMethod } from "./slice.ts";

const File = Type.Optional({
  ...HostPath,
  description: "The name of a backup, or a path on the gateway's machine; without it the newest.",
});
const Moment = Type.Optional({
  ...Millis,
  description: "A moment since the statement journal began: the newest backup before it is brought forward.",
});
const passphrase = Type.Optional({ ...SecretLine, description: "Stands above the one in the settings." });

export const now = defineMethod({
  name: "backup.now",
  summary: "Makes a backup; answers when it is on disk.",
  access: "operator.admin",
  params: {
    to: Type.Optional({ ...HostPath, description: "A file that is made instead of one among the others; absolute." }),
    plain: Type.Optional(Type.Boolean({ description: "Leave it unencrypted wherever it goes." })),
    passphrase,
  },
  result: Type.Intersect([BackupReport, Type.Object({ archiveBytes: Type.Integer({ minimum: 0 }) })]),
  handler: ({ params: { to, plain, passphrase }, gateway }) => gateway.backup.now({ to, isPlain: plain, passphrase }),
});

export const list = defineMethod({
  name: "backup.list",
  summary: "The backups, newest first.",
  access: "operator.admin",
  params: {},
  result: Type.Intersect([BackupHealth, Type.Object({ folder: NonEmpty, backups: Type.Array(BackupRow) })]),
  handler: ({ gateway }) => gateway.backup.list(),
});

export const verify = defineMethod({
  name: "backup.verify",
  summary: "Reads all of a backup, compares every hash, and says what a restore would do outside of the state folder.",
  access: "operator.admin",
  params: { file: File, at: Moment, passphrase },
  result: Type.Intersect([BackupReport, BackupReach]),
  handler: ({ params, gateway }) => gateway.backup.verify(params),
});

export const drill = defineMethod({
  name: "backup.drill",
  summary: "Restores a backup into a folder of its own, compares its rows with what was written down, and removes it.",
  access: "operator.admin",
  params: { file: File, passphrase },
  result: BackupReport,
  handler: ({ params, gateway }) => gateway.backup.drill(params.file, params.passphrase),
});

export const prune = defineMethod({
  name: "backup.prune",
  summary: "Removes the backups that are old by the settings.",
  access: "operator.admin",
  params: { dryRun: Type.Optional(Type.Boolean({ description: "Only say which those are." })) },
  result: Type.Object({ removed: Type.Array(BackupRow) }),
  handler: ({ params, gateway }) => gateway.backup.prune(params.dryRun === true),
});

export const restore = defineMethod({
  name: "backup.restore",
  summary: "Puts a backup in the place of what is there, and restarts; what was there is kept for backup.undo.",
  access: "operator.admin",
  params: {
    file: File,
    at: Moment,
    passphrase,
  },
  result: Type.Intersect([BackupReport, Type.Object({ elsewhere: Type.Array(Type.String()), keptIn: NonEmpty })]),
  handler: ({ params, gateway }) => gateway.backup.restore(params),
});

export const undo = defineMethod({
  name: "backup.undo",
  summary: "Brings back what was there before the last restore, and restarts.",
  access: "operator.admin",
  params: {},
  result: Type.Object({ what: NonEmpty, keptIn: NonEmpty }),
  handler: ({ gateway }) => gateway.backup.undo(),
});

export const sizes = defineMethod({
  name: "state.sizes",
  summary: "What takes the room of the state folder, by kind.",
  access: "operator.admin",
  params: {},
  result: StateSizes,
  handler: ({ gateway }) => gateway.backup.sizes(),
});
