/**
 * Ends all that a command has started when the gateway is killed and cannot do it itself: a small process that waits for
 * the end of its input, which the gateway holds open for as long as it lives.
 */
import { spawn } from "node:child_process";
import { ignore } from "../../base/errors.ts";
import type { ProcessTree } from "./process-tree.ts";

/** Kills the group, the control group, and then round by round what carries the mark. `$1`, `$2`, `$3` are their names. */
const SCRIPT = `
read -r _
kill -s KILL -- "-$1"
[ -n "$3" ] && echo 1 >"$3/cgroup.kill"
round=0
while [ "$round" -lt 20 ]; do
  left=
  for each in /proc/[0-9]*; do
    [ "$each" = "/proc/$$" ] && continue
    grep -qs "^State:.[ZX]" "$each/status" && continue
    if grep -aqs "$2" "$each/environ" || ls -l "$each/fd" 2>/dev/null | grep -q "$2"; then
      kill -s KILL "\${each#/proc/}" && left=1
    fi
  done
  [ -z "$left" ] && break
  round=$((round + 1))
done
[ -n "$3" ] && rmdir "$3"
`;

/** Guards a tree, whose first process is `pid`, until it is disposed. */
export function guardTree(pid: number, { names: { mark, group } }: ProcessTree): Disposable {
  const guard = spawn("/bin/sh", ["-c", SCRIPT, "guard", String(pid), mark, group], {
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
