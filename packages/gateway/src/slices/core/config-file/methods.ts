/** Methods that read and change the config file (protocol: config). */
import { Type } from "@sinclair/typebox";
import { hasScope } from "../../../kit/access.ts";
import { DurationMs, NonEmpty } from "../../../kit/schema/schema.ts";
import type { ChangeNote } from "./config-file.ts";
import { ConfigApplied, ConfigCheck, ConfigSchema, ConfigSnapshot, ConfigVersion, ConfigWritten } from "./schema.ts";
import { defineMethod, type Gateway } from "./slice.ts";

/** The most characters of a config. People write no more, and reading more would block the gateway. */
const ConfigText = Type.String({ minLength: 1, maxLength: 262_144 });

const baseHash = Type.Optional(Type.String({ minLength: 1, description: "The hash that config.get gave." }));

const change = {
  baseHash,
  sessionKey: Type.Optional(Type.String({ description: "The session whose agent is told of the change." })),
  note: Type.Optional(Type.String()),
  restartDelayMs: Type.Optional(DurationMs),
};

export const configGet = defineMethod({
  name: "config.get",
  summary:
    "The config file and the values in force. Secrets are shown as markers; without operator.admin, every text that could " +
    "be a secret or a path of this machine is.",
  access: "operator.admin",
  params: {},
  result: ConfigSnapshot,
  handler: ({ gateway }) => gateway.configFile.get(),
  // Its clients ask for the least scope that they need, and read the levels of `tools.exec`.
  four: {
    access: "operator.read",
    handler: ({ gateway: { configFile }, caller }) =>
      hasScope(caller.scopes, "operator.admin") ? configFile.get() : configFile.getForReaders(),
  },
});

export const configSet = defineMethod({
  name: "config.set",
  summary: "Replaces the config file's text. Markers become the secrets they stand for.",
  access: "operator.admin",
  params: { raw: ConfigText, baseHash },
  result: ConfigWritten,
  handler: ({ params, gateway }) => gateway.configFile.set(params.raw, params.baseHash),
});

export const configPatch = defineMethod({
  name: "config.patch",
  summary: "Merges an object into the config file (null deletes), keeps its comments, and applies it.",
  access: "operator.admin",
  params: { raw: ConfigText, ...change },
  result: ConfigApplied,
  handler: ({ params, gateway }) =>
    gateway.configFile.patch(params.raw, params.baseHash, noteOf("config-patch", params, gateway)),
});

export const configApply = defineMethod({
  name: "config.apply",
  summary: "Replaces the config file's text and applies it, restarting in place when needed.",
  access: "operator.admin",
  params: { raw: ConfigText, ...change },
  result: ConfigApplied,
  handler: ({ params, gateway }) =>
    gateway.configFile.apply(params.raw, params.baseHash, noteOf("config-apply", params, gateway)),
});

export const configCheck = defineMethod({
  name: "config.check",
  summary: "What a text or a patch would change and restart, and what is wrong with it, with lines; writes nothing.",
  access: "operator.admin",
  params: {
    raw: Type.Optional(Type.String({ maxLength: 262_144, description: "A whole text." })),
    patch: Type.Optional(
      Type.String({ maxLength: 262_144, description: "An object to merge, as config.patch takes it." }),
    ),
    version: Type.Optional(Type.String({ maxLength: 64, description: "An earlier text, as config.history names it." })),
  },
  result: ConfigCheck,
  handler: ({ params, gateway }) => gateway.configFile.check(params),
});

export const configHistory = defineMethod({
  name: "config.history",
  summary: "Earlier texts of the config file, the latest first, with what was changed when each was replaced.",
  access: "operator.admin",
  params: {},
  result: Type.Object({ versions: Type.Array(ConfigVersion) }),
  handler: ({ gateway }) => ({ versions: gateway.configFile.history() }),
});

export const configUndo = defineMethod({
  name: "config.undo",
  summary: "Puts an earlier text of the config file back in force; the present one goes to the history in its turn.",
  access: "operator.admin",
  params: {
    version: Type.String({ minLength: 1, maxLength: 64, description: "As config.history names it." }),
    ...change,
  },
  result: ConfigApplied,
  handler: ({ params, gateway }) =>
    gateway.configFile.undo(params.version, params.baseHash, noteOf("config-apply", params, gateway)),
});

export const configSchema = defineMethod({
  name: "config.schema",
  summary: "The JSON Schema of the config file, with hints for a form.",
  access: "operator.admin",
  params: {},
  result: ConfigSchema,
  handler: ({ gateway }) => gateway.configFile.schema(),
  // The schema is the product's and says nothing of this installation.
  four: { access: "operator.read" },
});

export const configSchemaLookup = defineMethod({
  name: "config.schema.lookup",
  summary: "One place of the config file's schema, and what stands below it.",
  access: "operator.read",
  params: { path: Type.String({ maxLength: 1_000, description: 'Dotted; "" is the whole file, * any key or index.' }) },
  result: Type.Object({
    path: Type.String(),
    schema: Type.Unknown(),
    children: Type.Array(
      Type.Object({
        key: NonEmpty,
        path: NonEmpty,
        type: Type.Optional(Type.String()),
        required: Type.Boolean(),
        hasChildren: Type.Boolean(),
        help: Type.Optional(Type.String()),
      }),
    ),
  }),
  handler: ({ params, gateway }) => gateway.configFile.lookUp(params.path),
});

/** Reads the note of a change. Throws `INVALID_REQUEST` for an invalid session key, before anything is written. */
function noteOf(
  kind: ChangeNote["kind"],
  { sessionKey, note, restartDelayMs }: { sessionKey?: string; note?: string; restartDelayMs?: number },
  { sessions }: Gateway,
): ChangeNote {
  return { kind, sessionKey: sessionKey ? sessions.canonical(sessionKey) : undefined, note, restartDelayMs };
}
