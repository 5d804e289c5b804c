/**
 * Ends all that a command has started when the gateway is killed and cannot do it itself: a small process that waits for
 * the end of its input, which the gateway holds open for as long as it lives.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { ignore } from "../../../../base/errors.ts";
import type { ProcessTree } from "./process-tree.ts";

/**
 * Kills the group, the control group, and then round by round what carries a mark. `$1`, `$2`, `$3` are their names. Few
 * programs for each round: the machine may be busy.
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

/** A guard. Disposing it ends it, and leaves the tree alone. */
export interface Guard extends Disposable {
  /** Does what happens when the gateway is killed; resolves when it is done. */
  release(): Promise<void>;
}

/** Guards a tree, whose first process is `pid`, until it is disposed. */
export function guardTree(pid: number, { names: { mark, group } }: ProcessTree): Guard {
  const guard = spawn("/bin/sh", ["-c", SCRIPT, "guard", String(pid), mark, group], {
    stdio: ["pipe", "ignore", "ignore"],
    env: { PATH: "/usr/bin:/bin" },
    // The signals of a terminal are not for it.
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
