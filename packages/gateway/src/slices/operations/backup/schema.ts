/** Backups as the wire says them. */
import { Type } from "@sinclair/typebox";
import { Millis, NonEmpty } from "../../../kit/schema/schema.ts";

const Count = Type.Integer({ minimum: 0 });

/** A backup in the folder. */
export const BackupRow = Type.Object({
  file: NonEmpty,
  path: NonEmpty,
  at: Millis,
  bytes: Count,
  encrypted: Type.Boolean(),
});

/** What a backup holds. */
export const BackupReport = Type.Object({
  path: NonEmpty,
  at: Millis,
  version: Type.String({ description: "Of moltbot, when it was made." }),
  host: Type.String({ description: "The machine on which it was made." }),
  files: Count,
  bytes: Type.Integer({ minimum: 0, description: "Unpacked." }),
  rows: Type.Integer({ minimum: 0, description: "Of the database." }),
  left: Type.Array(Type.String(), { description: "What could not be read, or changed while it was." }),
});

/** What a restore of a backup would do outside of the state folder. */
export const BackupReach = Type.Object({
  outside: Type.Optional(Type.Array(Type.String(), { description: "Places there whose content it would exchange." })),
  elsewhere: Type.Optional(
    Type.Array(Type.String(), {
      description:
        "Places that this machine does not have: what the backup has for them would go into the state folder.",
    }),
  ),
});

/** How backups are doing. */
export const BackupHealth = Type.Object(
  {
    at: Type.Optional(Type.Integer({ minimum: 0, description: "When the newest was made, epoch ms." })),
    nextAt: Type.Optional(Type.Integer({ minimum: 0, description: "When the next one is made by itself." })),
    off: Type.Optional(Type.Boolean({ description: "True when none is made by itself." })),
    problem: Type.Optional(Type.String({ description: "Why the last one could not be made, and what to do." })),
  },
  { description: "The gateway's backups." },
);

/** What uses the space of the state folder. */
export const StateSizes = Type.Object({
  sizes: Type.Array(
    Type.Object({
      kind: Type.String({ description: "database, media, recordings, backups …" }),
      files: Count,
      bytes: Count,
    }),
    { description: "The largest first." },
  ),
  freeBytes: Type.Integer({ minimum: 0, description: "Free on the disk of the state folder." }),
  prunableBytes: Type.Integer({
    minimum: 0,
    description: "Of old backups and restores, and of the journal before them: a prune removes it.",
  }),
});
