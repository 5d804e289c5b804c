/** The pages of a workspace that an agent sees at the beginning of each run: read as they are now, and no more often than they change. */
import { join } from "node:path";
import { GatewayError } from "../../../base/errors.ts";
import { lstatIfAny } from "../../../base/files.ts";
import type { Confined } from "./files/confined.ts";

/** A page as a prompt takes it in. */
export interface Page {
  readonly path: string;
  readonly text: string;
  /** Why the text is not all that is in the file, if so. */
  readonly problem?: string | undefined;
}

interface Kept {
  readonly stamp: string;
  readonly page: Page;
}

/** Of one page; what follows it is not read. */
const MAX_BYTES = 1_000_000;
const MAX_KEPT = 64;

export class Pages {
  readonly #kept = new Map<string, Kept>();

  /** A page of the folder at `root`, or undefined when there is none. */
  read(root: string, files: Confined, path: string): Page | undefined {
    // A cheap look first: whatever is new is read through the confinement.
    const stat = lstatIfAny(join(root, path));
    if (!stat) return undefined;
    if (!stat.isFile()) return { path, text: "", problem: "it is a link or no regular file, and is not read" };
    const key = `${root}\n${path}`;
    const stamp = `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
    const known = this.#kept.get(key);
    if (known?.stamp === stamp) return known.page;
    const page = pageOf(files, path);
    if (this.#kept.size >= MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    this.#kept.set(key, { stamp, page });
    return page;
  }
}

function pageOf(files: Confined, path: string): Page {
  try {
    const { data, size } = files.readStart(path, MAX_BYTES);
    const decoded = data.toString("utf8");
    const text = cleaned(decoded);
    const problem =
      size > MAX_BYTES
        ? `only the first ${MAX_BYTES} of ${size} bytes are read`
        : decoded.includes("\ufffd")
          ? "it is not all UTF-8"
          : undefined;
    return { path, text, problem };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { path, text: "", problem: error.message };
  }
}

/** Without a byte order mark, control characters and white space at its ends. */
function cleaned(text: string): string {
  return text
    .replace(/\r\n?/g, "\n")
    .replace(/[^\P{Cc}\n\t]|\ufeff/gu, "")
    .trim();
}
