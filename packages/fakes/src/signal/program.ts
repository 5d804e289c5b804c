/** A file that a gateway can start as `signal-cli`: it runs `signal-cli.ts` with this process's node. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Beside this file, where sources run, or beside the built module. */
const SCRIPT = new URL(import.meta.url.endsWith(".ts") ? "./signal-cli.ts" : "./signal-cli.mjs", import.meta.url);

export class Program implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "fake-signal-cli-"));
  readonly path = join(this.#folder, "signal-cli");

  /** Writes the file; `server` is the address of the fake. */
  write(server: string): void {
    const command = `exec "${process.execPath}" "${fileURLToPath(SCRIPT)}" "$@"`;
    writeFileSync(this.path, `#!/bin/sh\nFAKE_SIGNAL_SERVER=${server} ${command}\n`, { mode: 0o755 });
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
