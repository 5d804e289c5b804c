/**
 * Ends a command's process group when the gateway is killed and cannot do it itself: a small process that waits for the
 * end of its input, which the gateway holds open for as long as it lives.
 */
import { spawn } from "node:child_process";
import { ignore } from "../../base/errors.ts";

const SCRIPT = 'read -r _; kill -s KILL -- "-$1"';

/** Guards a process group until it is disposed. */
export function guardGroup(group: number): Disposable {
  const guard = spawn("/bin/sh", ["-c", SCRIPT, "guard", String(group)], {
    stdio: ["pipe", "ignore", "ignore"],
    env: { PATH: "/usr/bin:/bin" },
    // The signals of a terminal are not for it.
    detached: true,
  });
  guard.on("error", (error) => ignore(error, "without a guard a command is ended by the gateway alone"));
  guard.stdin.on("error", (error) => ignore(error, "it has ended"));
  guard.unref();
  return { [Symbol.dispose]: () => void guard.kill("SIGKILL") };
}
