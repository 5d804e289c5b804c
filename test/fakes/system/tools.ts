/** Programs of a system that are not here, on a PATH of their own: systemctl, loginctl, launchctl, schtasks, systemd-notify. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const systemctl = fileURLToPath(new URL("./systemctl.ts", import.meta.url));

export class FakeSystem implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "moltbot-system-"));
  /** A home folder of its own, so that no unit of this machine is touched. */
  readonly home = join(this.folder, "home");

  constructor() {
    mkdirSync(this.home);
    this.program("systemctl", `exec '${process.execPath}' '${systemctl}' "$@"`);
    this.program(
      "loginctl",
      [
        'echo "loginctl $*" >> "$FAKE_SYSTEM/calls"',
        'case "$1" in',
        '  show-user) if [ -e "$FAKE_SYSTEM/lingers" ]; then echo Linger=yes; else echo Linger=no; fi ;;',
        '  enable-linger) if [ -e "$FAKE_SYSTEM/no-rights" ]; then echo "Could not enable linger: Access denied" >&2; exit 1; fi; touch "$FAKE_SYSTEM/lingers" ;;',
        "esac",
      ].join("\n"),
    );
  }

  /** Puts a shell script on the PATH. */
  program(name: string, script: string): void {
    const path = join(this.folder, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
  }

  /** Makes a mark that the programs look at. */
  mark(name: string): void {
    writeFileSync(join(this.folder, name), "");
  }

  /** The environment in which these programs are found first. */
  get env(): Record<string, string> {
    return { HOME: this.home, FAKE_SYSTEM: this.folder, PATH: `${this.folder}${delimiter}${process.env.PATH ?? ""}` };
  }

  /** What was called so far. */
  get calls(): string[] {
    const path = join(this.folder, "calls");
    return existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : [];
  }

  /** Where the user's units stand. */
  get units(): string {
    return join(this.home, ".config", "systemd", "user");
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
