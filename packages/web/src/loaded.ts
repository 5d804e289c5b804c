// Parts of the page that are fetched when they are first wanted. A gateway that was updated meanwhile no longer has them.

import { t } from "./words/t.ts";

/** Waits for `import(…)`; where that fails, throws what a person can do. */
export async function loaded<Part>(part: Promise<Part>): Promise<Part> {
  try {
    return await part;
  } catch (cause) {
    throw new Error(t("That could not be loaded. Reload the page to get it from the gateway as it is now."), { cause });
  }
}
