/** The `update` section: how a new version is tried. */
import { type Static, Type } from "@sinclair/typebox";
import { defineSettings } from "../../../kit/settings.ts";

const Update = Type.Object({
  watchSeconds: Type.Integer({
    default: 60,
    minimum: 1,
    maximum: 3_600,
    description: "For how long a new version must be well before the old one is given up.",
  }),
  maxMegabytes: Type.Integer({
    default: 1_500,
    minimum: 100,
    maximum: 1_000_000,
    description: "The memory that a new version may take while it is watched; with more the update is undone.",
  }),
});
export type UpdateSettings = Static<typeof Update>;

export const update = defineSettings({
  path: "update",
  summary: "Updates of the gateway by itself.",
  reload: "live",
  schema: Update,
});
