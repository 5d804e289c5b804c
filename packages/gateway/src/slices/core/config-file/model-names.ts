/** Checks settings that name a model: a change to a model that cannot be asked is refused, whoever makes it. */
import { isRecord } from "../../../base/config/config.ts";
import { invalidRequest, messageOf } from "../../../base/errors.ts";

/** Paths of settings with the model that each names; `*` is any key or place in a list. */
const PATHS: readonly string[] = [
  "agents.defaults.model",
  "agents.defaults.model.primary",
  "agents.defaults.model.fallbacks.*",
  "agents.defaults.imageModel",
  "agents.defaults.compaction.model",
  "agents.list.*.model",
  "agents.list.*.model.primary",
  "agents.list.*.model.fallbacks.*",
  "models.aliases.*",
  "messages.transcribe.model",
];

/**
 * Refuses models that `after` names and `before` does not, unless `refOf` knows them. Providers and aliases that are
 * defined in the change itself are accepted, and so are variables. Throws `INVALID_REQUEST`.
 */
export function refuseUnknownModels(
  { before, after }: { readonly before: unknown; readonly after: unknown },
  refOf: (name: string) => string,
): void {
  const old = new Set(namesIn(before).map(({ name }) => name));
  for (const { path, name } of namesIn(after)) {
    if (old.has(name) || name.includes("${") || isDefinedIn(after, name)) continue;
    try {
      refOf(name);
    } catch (error) {
      throw invalidRequest(`${path} cannot be ${JSON.stringify(name)}: ${messageOf(error)} Nothing was changed.`);
    }
  }
}

interface Named {
  readonly path: string;
  readonly name: string;
}

function namesIn(config: unknown): Named[] {
  return PATHS.flatMap((path) => textsAt(config, path.split("."), []));
}

function textsAt(value: unknown, keys: readonly string[], at: readonly string[]): Named[] {
  const [key, ...rest] = keys;
  if (key === undefined) return typeof value === "string" ? [{ path: at.join("."), name: value }] : [];
  if (!isRecord(value) && !Array.isArray(value)) return [];
  const entries = key === "*" ? Object.entries(value) : Object.entries(value).filter(([name]) => name === key);
  return entries.flatMap(([name, inner]) => textsAt(inner, rest, [...at, name]));
}

/** Whether the config itself defines this provider or alias. */
function isDefinedIn(config: unknown, name: string): boolean {
  const { models } = isRecord(config) ? config : {};
  const { providers, aliases } = isRecord(models) ? models : {};
  const hasKey = (value: unknown, wanted: string) =>
    isRecord(value) && Object.keys(value).some((key) => key.toLowerCase() === wanted.toLowerCase());
  return hasKey(providers, name.split("/")[0] ?? "") || hasKey(aliases, name);
}
