/** What the backup slice uses, and how its service is opened. */
import { defineSlice } from "../../../kit/slice.ts";

export const backup = defineSlice({
  name: "backup",
  uses: [],
  load: () => import("./backup.ts"),
  open: (gateway, { Backups }) => new Backups(gateway),
});

export const { defineMethod } = backup;
