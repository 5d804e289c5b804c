/**
 * Ends the processes of a command when the gateway is killed and cannot do it itself. The guard is a small process that
 * waits for the end of its input, which the gateway holds open while it lives.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { ignore } from "../../../../base/errors.ts";
import type { ProcessTree } from "./process-tree.ts";

/**
 * Kills the process group, the control group, and then in rounds every process with the mark. `$1`, `$2`, `$3` are
 * their names. Each round starts few programs, because the machine may be busy.
 */
const SCRIPT = `
read -r _
kill -s KILL -- "-$1"
[ -n "$3" ] && echo 1 >"$3/cgroup.kill"
round=0
while [ "$round" -lt 20 ]; do
  left=
  for each in $(grep -ls "$2" /proc/[0-9]*/environ; ls -l /proc/[0-9]*/fd | sed -n -e '/^.proc/h' -e "/$2/{g;p;}"); do
    pid="\${each#/proc/}"
    kill -s KILL "\${pid%%/*}" && left=1
  done
  [ -z "$left" ] && break
  round=$((round + 1))
done
[ -n "$3" ] && { rmdir "$3" || { sleep 1; rmdir "$3"; }; }
`;

/** A guard. Disposing it ends the guard and leaves the processes alone. */
export interface Guard extends Disposable {
  /** Ends the processes as after a kill of the gateway; resolves when that is done. */
  release(): Promise<void>;
}

/** Guards a tree, whose first process is `pid`, until it is disposed. */
export function guardTree(pid: number, { names: { mark, group } }: ProcessTree): Guard {
  const guard = spawn("/bin/sh", ["-c", SCRIPT, "guard", String(pid), mark, group], {
    stdio: ["pipe", "ignore", "ignore"],
    env: { PATH: "/usr/bin:/bin" },
    // A terminal's signals must not reach it.
    detached: true,
  });
  guard.on("error", (error) => ignore(error, "without a guard a command is ended by the gateway alone"));
  guard.stdin.on("error", (error) => ignore(error, "it has ended"));
  guard.unref();
  return {
    async release() {
      guard.stdin.end();
      await once(guard, "exit");
    },
    [Symbol.dispose]: () => void guard.kill("SIGKILL"),
  };
}
