/** The keys of hosted providers in the environment: one variable holds several, or the second is in NAME_2. */
import type { Env } from "../../../base/files.ts";
import { KNOWN } from "./providers/known-providers.ts";

/** The most keys that are looked for. */
const MAX_KEYS = 16;

/** The keys under a variable's name: separated by commas, and those under NAME_2 to NAME_16. */
export function environmentKeys(env: Env, name: string): string[] {
  const numbered = Array.from({ length: MAX_KEYS - 1 }, (_, index) => `${name}_${index + 2}`);
  const keys = [name, ...numbered].flatMap((variable) => (env[variable] ?? "").split(","));
  return [...new Set(keys.map((key) => key.trim()).filter((key) => key !== ""))].slice(0, MAX_KEYS);
}

/** Every key in the environment: the log redacts them. */
export function keysIn(env: Env): string[] {
  // Windows does not tell names apart by case. Only names that are there are read: each look into the environment is a call.
  const there = Object.keys(env).map((name) => name.toUpperCase());
  const isThere = (name: string) => there.some((each) => each.startsWith(name));
  return KNOWN.flatMap(({ keyEnv }) => keyEnv.filter(isThere).flatMap((name) => environmentKeys(env, name)));
}
