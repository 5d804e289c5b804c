/** Writes the config file in one step, also where it is a mount of its own. */
import { codeOf, GatewayError } from "../errors.ts";
import { rewriteFile, writePrivateFile } from "../files.ts";

/**
 * Replaces the file in one step; a file that is a mount of its own, or whose folder takes no other file, is rewritten in
 * place. Throws `INVALID_REQUEST` when it cannot be written at all.
 */
export function replaceOrRewrite(path: string, raw: string): void {
  try {
    return writePrivateFile(path, raw);
  } catch (error) {
    if (!NOT_REPLACEABLE.has(codeOf(error) ?? "")) throw error;
  }
  try {
    rewriteFile(path, raw);
  } catch (error) {
    throw new GatewayError(
      "INVALID_REQUEST",
      "the config file cannot be written here (read-only or not this user's); change it where it comes from",
      { cause: error },
    );
  }
}

/** A mount of one file (EBUSY, EXDEV), or a folder that takes no new files. */
const NOT_REPLACEABLE: ReadonlySet<string> = new Set(["EBUSY", "EXDEV", "EROFS", "EACCES", "EPERM"]);
