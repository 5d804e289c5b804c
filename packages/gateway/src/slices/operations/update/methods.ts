/** The methods of updates. */
import { Type } from "@sinclair/typebox";
import { DurationMs, HostPath, Millis, NonEmpty, Nullable, OneOf, SessionKey } from "../../../kit/schema/schema.ts";
import { defineMethod } from "./slice.ts";

const Version = Type.String({ minLength: 1, maxLength: 64 });
const Text = Type.String({ maxLength: 4_000 });

export const run = defineMethod({
  name: "update.run",
  summary: "Fetches a version, tries it on a copy, and restarts with it; when it is not well, the old one comes back.",
  access: "operator.admin",
  params: {
    to: Type.Optional({ ...Version, description: "The version; without it the newest." }),
    from: Type.Optional({ ...HostPath, description: "The folder of a package instead of the registry." }),
    sessionKey: Type.Optional({ ...SessionKey, description: "The conversation that is told of the restart." }),
    note: Type.Optional(Text),
    restartDelayMs: Type.Optional(DurationMs),
    timeoutMs: Type.Optional(Type.Integer({ minimum: 1_000, maximum: 3_600_000 })),
  },
  result: Type.Object({
    ok: Type.Literal(true),
    result: Type.Object({
      status: OneOf("ok", "error", "skipped"),
      mode: OneOf("npm", "unknown"),
      root: Type.Optional(NonEmpty),
      reason: Type.Optional(Type.String({ description: "Why there is no update." })),
      before: Type.Optional(Type.Object({ version: Version })),
      after: Type.Optional(Type.Object({ version: Version })),
      steps: Type.Array(Type.Object({ name: NonEmpty, ok: Type.Boolean(), durationMs: DurationMs })),
      durationMs: DurationMs,
    }),
    restart: Nullable(Type.Object({ delayMs: DurationMs, reason: NonEmpty })),
    sentinel: Type.Object({ path: Nullable(Type.String()) }),
  }),
  handler: ({ params, gateway, signal }) => gateway.update.run(params, signal),
});

export const check = defineMethod({
  name: "update.check",
  summary: "The version that runs, the newest that there is, and how the last update ended.",
  access: "operator.admin",
  params: {},
  result: Type.Object({
    version: Version,
    newest: Version,
    isNewer: Type.Boolean(),
    last: Type.Optional(
      Type.Object({ from: Version, to: Version, ok: Type.Boolean(), why: Type.Optional(Text), at: Millis }),
    ),
  }),
  handler: ({ gateway }) => gateway.update.check(),
});

export const undo = defineMethod({
  name: "update.undo",
  summary: "Goes back to the version from before the last update, with the backup that was made then, and restarts.",
  access: "operator.admin",
  params: {},
  result: Type.Object({ from: Version, to: Version, backup: NonEmpty }),
  handler: ({ gateway }) => gateway.update.undo(),
});
