/** Pictures that belong to messages: files named by their content, private, outside the database. */

import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { defined } from "../../../base/defined.ts";
import { codeOf } from "../../../base/errors.ts";
import { fileExists, writePrivateFile } from "../../../base/files.ts";
import { sha256Hex } from "../../../base/ids.ts";

/** A stored picture, as a message's row refers to it. */
export interface MediaRef {
  readonly sha256: string;
  readonly mimeType: string;
  readonly sizeBytes: number;
  readonly fileName?: string;
}

export class Media {
  readonly #folder: string;

  constructor(stateDir: string) {
    this.#folder = join(stateDir, "media");
  }

  /** Writes the bytes, unless the file exists. They are on disk when it returns. */
  save(data: Uint8Array, { mimeType, fileName }: { mimeType: string; fileName?: string | undefined }): MediaRef {
    const sha256 = sha256Hex(data);
    if (!fileExists(this.#path(sha256))) writePrivateFile(this.#path(sha256), data);
    return { sha256, mimeType, sizeBytes: data.byteLength, ...defined({ fileName }) };
  }

  /** The bytes, or undefined when the file has been removed. */
  read(sha256: string): Uint8Array | undefined {
    try {
      return readFileSync(this.#path(sha256));
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  remove(sha256: string): void {
    rmSync(this.#path(sha256), { force: true });
  }

  #path(sha256: string): string {
    return join(this.#folder, sha256);
  }
}
