/** The `skills` section: which skills may be used, and what they are given. */
import { type Static, Type } from "@sinclair/typebox";
import { OneOf, Secret, SecretText } from "../../../kit/schema/schema.ts";
import { defineSettings } from "../../../kit/settings.ts";

const Entry = Type.Object({
  enabled: Type.Optional(Type.Boolean({ description: "False switches the skill off." })),
  apiKey: Type.Optional({ ...Secret, description: "Given to commands as the variable that the skill names." }),
  env: Type.Optional(
    Type.Record(Type.String(), SecretText, { description: "Given to commands as environment variables." }),
  ),
});
export type SkillEntry = Static<typeof Entry>;

const Skills = Type.Object({
  allow: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
      description: "Names of the only skills that may be used; all by default.",
    }),
  ),
  load: Type.Object({
    extraDirs: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 1_024 }), {
        maxItems: 32,
        description: "Further folders with skills, below the workspace's own and the managed ones.",
      }),
    ),
  }),
  install: Type.Object({
    nodeManager: {
      ...OneOf("npm", "pnpm", "yarn", "bun"),
      default: "npm",
      description: "What installs skills' programs that are packages of Node.",
    },
  }),
  entries: Type.Optional(
    Type.Record(Type.String(), Entry, { description: "By skill: { weather: { enabled: false } }." }),
  ),
});
export type SkillSettings = Static<typeof Skills>;

export const skills = defineSettings({
  path: "skills",
  summary: "Which skills agents may use, and what those are given.",
  reload: "live",
  schema: Skills,
});
