/** The config file as the wire shows it (protocol: config). */
import { Type } from "@sinclair/typebox";
import { NonEmpty, Nullable } from "../../../kit/schema/schema.ts";

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
