/** Skills as the wire says them (protocol: skills). */
import { Type } from "@sinclair/typebox";
import { NonEmpty, Nullable, OneOf } from "../../../kit/schema/schema.ts";

const Names = Type.Array(NonEmpty);
const Requirements = Type.Object({ bins: Names, anyBins: Names, env: Names, config: Names, os: Names });

export const SkillStatus = Type.Object({
  name: NonEmpty,
  description: NonEmpty,
  source: OneOf("workspace", "managed", "extra"),
  filePath: NonEmpty,
  baseDir: NonEmpty,
  skillKey: NonEmpty,
  primaryEnv: Type.Optional(NonEmpty),
  emoji: Type.Optional(NonEmpty),
  homepage: Type.Optional(NonEmpty),
  always: Type.Boolean(),
  disabled: Type.Boolean(),
  blockedByAllowlist: Type.Boolean(),
  eligible: Type.Boolean({ description: "Agents can use it now." }),
  requirements: Requirements,
  missing: Requirements,
  configChecks: Type.Array(
    Type.Object({
      path: NonEmpty,
      value: Nullable(Type.Union([Type.Boolean(), Type.Number(), Type.String()])),
      satisfied: Type.Boolean(),
    }),
  ),
  install: Type.Array(Type.Object({ id: NonEmpty, kind: NonEmpty, label: NonEmpty, bins: Names })),
});

export const BrokenSkill = Type.Object({ folder: NonEmpty, problem: NonEmpty });

export const InstallResult = Type.Object({
  ok: Type.Boolean(),
  message: Type.String(),
  stdout: Type.String(),
  stderr: Type.String(),
  code: Nullable(Type.Integer()),
});

export const SkillConfig = Type.Object({
  enabled: Type.Optional(Type.Boolean()),
  apiKey: Type.Optional(Type.String({ description: "Only a marker that there is one." })),
  env: Type.Optional(Type.Record(Type.String(), Type.String({ description: "Only a marker." }))),
});
