/** The config file as the wire shows it (protocol: config). */
import { Type } from "@sinclair/typebox";
import { Millis, NonEmpty, Nullable } from "../../../kit/schema/schema.ts";

const Issue = Type.Object({ path: Type.String(), message: Type.String(), line: Type.Optional(Type.Integer()) });

export const ConfigSnapshot = Type.Object({
  path: NonEmpty,
  exists: Type.Boolean(),
  raw: Nullable(Type.String({ description: "The text of the file; secrets are markers, which a write turns back." })),
  parsed: Type.Unknown(),
  valid: Type.Boolean(),
  config: Type.Unknown({ description: "The values in force, defaults filled in." }),
  hash: Type.String({ description: "SHA-256 of the file; a write must name it as baseHash." }),
  issues: Type.Array(Issue),
  warnings: Type.Array(Issue),
  legacyIssues: Type.Array(Issue),
  comments: Type.Optional(
    Type.Record(Type.String(), Type.String(), { description: "The file's comments by the settings beside them." }),
  ),
});

/** What a text or a patch would do, before it is written. */
export const ConfigCheck = Type.Object({
  valid: Type.Boolean(),
  issues: Type.Array(Issue),
  warnings: Type.Array(Issue),
  before: Type.String({ description: "The file now; secrets are markers." }),
  after: Type.String({ description: "The file as it would be; secrets are markers." }),
  changed: Type.Array(NonEmpty, { description: "The settings that would differ, dotted." }),
  restarts: Type.Array(NonEmpty, {
    description: "The sections for which the gateway would restart in place; all others apply at once.",
  }),
  hash: Type.String({ description: "That of the file now." }),
});

/** An earlier text of the file. */
export const ConfigVersion = Type.Object({
  id: NonEmpty,
  atMs: Millis,
  changed: Type.Array(NonEmpty, {
    description: "The settings that were changed then, dotted; none where only comments or the order were.",
  }),
});

export const ConfigWritten = Type.Object({ ok: Type.Literal(true), path: NonEmpty, config: Type.Unknown() });

/** The answer of a write that is applied: whether the gateway restarts in place for it, and how long that takes. */
export const ConfigApplied = Type.Intersect([
  ConfigWritten,
  Type.Object({
    restart: Type.Object({
      ok: Type.Boolean(),
      pid: Type.Integer(),
      signal: Type.String(),
      delayMs: Type.Integer(),
      reason: Type.String(),
      mode: Type.String(),
      needed: Type.Boolean(),
    }),
    sentinel: Type.Object({ path: Nullable(Type.String()), payload: Type.Unknown() }),
  }),
]);

const UiHint = Type.Object({
  label: Type.Optional(Type.String()),
  help: Type.Optional(Type.String()),
  group: Type.Optional(Type.String()),
  order: Type.Optional(Type.Integer()),
  advanced: Type.Optional(Type.Boolean()),
  sensitive: Type.Optional(Type.Boolean()),
  placeholder: Type.Optional(Type.String()),
});

export const ConfigSchema = Type.Object({
  schema: Type.Unknown(),
  uiHints: Type.Record(Type.String(), UiHint),
  version: NonEmpty,
  generatedAt: NonEmpty,
});
