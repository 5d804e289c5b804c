/** The keys of search providers in the environment. */
import type { Env } from "../../../base/files.ts";
import { SEARCH_PROVIDERS } from "./tools/web/search-providers.ts";

/** Every key in the environment: none leaves the process. */
export function keysIn(env: Env): string[] {
  return SEARCH_PROVIDERS.flatMap(({ keyEnv }) => (keyEnv && env[keyEnv]) || []);
}
