/**
 * Everything that one command has started, however it has left its parent, group and session, ended as a whole.
 *
 * On Linux a control group (version 2) holds it where the gateway may make one. Elsewhere what is started carries two marks:
 * a variable of its environment, and an open file that has no name any more. Whoever clears one keeps the other, and what
 * has neither is still found by its parent, group or session. On macOS there is neither `/proc` nor control groups: there
 * the variable, the parent and the group tell.
 */
import { execFileSync } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeOf, ignore } from "../../../../base/errors.ts";

/** The variable that marks the processes of a command. */
export const MARK = "MOLTBOT_COMMAND";

/** How to start a command so that its processes can be found. */
export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The open file that it inherits as descriptor 3; undefined where open files cannot be listed. */
  readonly mark: number | undefined;
}

/** A process of the system's list. */
interface Seen {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly isMarked: boolean;
}

/** The most rounds; each finds processes that were started during the one before. */
const MAX_ROUNDS = 50;
/** Enters the control group, then becomes the command. A process that cannot enter is marked instead. */
const ENTER = `{ echo 0 >"$0/cgroup.procs"; } 2>/dev/null || export ${MARK}="$1"; shift; exec "$@"`;

export class ProcessTree implements Disposable {
  readonly #id: string;
  readonly #group: string | undefined;
  #mark: number | undefined;
  #root: number | undefined;

  /** `id` is a name that no other command has: letters, digits and `-`. Without `groups` no control group is tried. */
  constructor(id: string, { groups = true }: { groups?: boolean } = {}) {
    this.#id = id;
    this.#group = groups && process.platform === "linux" ? makeGroup(id) : undefined;
    this.#mark = process.platform === "linux" ? openMark(id) : undefined;
  }

  /** The names that a guard needs: the mark and the control group. */
  get names(): { readonly mark: string; readonly group: string } {
    return { mark: this.#id, group: this.#group ?? "" };
  }

  launch(file: string, args: readonly string[], env: Readonly<Record<string, string>>): Launch {
    if (this.#group === undefined) return { file, args, env: { ...env, [MARK]: this.#id }, mark: this.#mark };
    return { file: "/bin/sh", args: ["-c", ENTER, this.#group, this.#id, file, ...args], env, mark: this.#mark };
  }

  /** Notes the process id; undefined when it could not be started. */
  started(pid: number | undefined): void {
    this.#root = pid;
    if (this.#mark !== undefined) closeSync(this.#mark);
    this.#mark = undefined;
  }

  /** Sends a signal to all processes once. Returns how many are still running. */
  signal(name: "SIGTERM" | "SIGKILL"): number {
    if (this.#root !== undefined) send(-this.#root, name);
    if (name === "SIGKILL" && this.#group !== undefined) writeTo(join(this.#group, "cgroup.kill"), "1");
    const members = this.#members();
    for (const pid of members) send(pid, name);
    return members.length;
  }

  /** Kills the remaining processes. */
  end(): void {
    for (let round = 0; round < MAX_ROUNDS && this.signal("SIGKILL") > 0; round++);
  }

  /** Removes the control group a moment after the end, when the last process has left it. */
  [Symbol.dispose](): void {
    if (this.#group !== undefined) removeGroup(this.#group);
  }

  #members(): number[] {
    const held = this.#group === undefined ? [] : numbersIn(join(this.#group, "cgroup.procs"));
    const all = process.platform === "linux" ? seenInProc(this.#id) : seenByPs(this.#id);
    const mine = new Set(held);
    for (const { pid, group, session, isMarked } of all)
      if (isMarked || group === this.#root || session === this.#root) mine.add(pid);
    // Add children of known processes, and their children.
    for (let before = -1; before !== mine.size; ) {
      before = mine.size;
      for (const { pid, parent } of all) if (mine.has(parent)) mine.add(pid);
    }
    mine.delete(process.pid);
    return [...mine];
  }
}

/** The running processes (Linux). Environments of other users cannot be read; those processes have no mark. */
function seenInProc(mark: string): Seen[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "latin1");
      // The program's name is in brackets, and may contain any character.
      const [state, parent, group, session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (state === "Z" || state === "X") return [];
      return {
        ...{ pid: Number(name), parent: Number(parent), group: Number(group), session: Number(session) },
        isMarked: hasMark(name, mark),
      };
    } catch (error) {
      ignore(error, "it has ended meanwhile");
      return [];
    }
  });
}

function hasMark(pid: string, mark: string): boolean {
  try {
    if (readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(`${MARK}=${mark}`)) return true;
    return readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`).includes(mark));
  } catch (error) {
    ignore(error, "a process of somebody else's, or one that has ended");
    return false;
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch (error) {
    ignore(error, "closed meanwhile");
    return "";
  }
}

/** Source: ps(1) of macOS; `-E` shows the environment of the caller's own processes. */
function seenByPs(mark: string): Seen[] {
  try {
    const text = execFileSync("/bin/ps", ["-axEww", "-o", "pid=,ppid=,pgid=,stat=,command="], {
      encoding: "latin1",
      env: {},
      maxBuffer: 64 * 1024 * 1024,
    });
    return text.split("\n").flatMap((line) => {
      const [pid, parent, group, state = "Z"] = line.trim().split(/\s+/, 4);
      if (!pid || state.startsWith("Z")) return [];
      const isMarked = line.includes(`${MARK}=${mark}`);
      return { pid: Number(pid), parent: Number(parent), group: Number(group), session: 0, isMarked };
    });
  } catch (error) {
    ignore(error, "without a list of processes, the group is ended");
    return [];
  }
}

/** Opens a file without a name; processes that inherit it can be recognised. */
function openMark(id: string): number | undefined {
  const path = join(tmpdir(), `moltbot-${id}`);
  try {
    closeSync(openSync(path, "wx", 0o600));
    return openSync(path, "r");
  } catch (error) {
    ignore(error, "the variable tells");
    return undefined;
  } finally {
    rmSync(path, { force: true });
  }
}

/** Creates a control group inside the gateway's own; undefined where none can be made. */
function makeGroup(id: string): string | undefined {
  const own = ownGroup();
  if (own === undefined) return undefined;
  const path = join(own, `moltbot-${id}`);
  try {
    mkdirSync(path);
    return path;
  } catch (error) {
    ignore(error, "the marks tell");
    return undefined;
  }
}

/** Source: cgroups(7), "/proc files"; proc_pid_mountinfo(5). */
function ownGroup(): string | undefined {
  try {
    const path = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1];
    const mount = /^\S+ \S+ \S+ (\S+) (\S+) .* - cgroup2 /m.exec(readFileSync("/proc/self/mountinfo", "utf8"));
    if (path === undefined || !mount) return undefined;
    const [, root = "/", at = ""] = mount;
    return join(at, root === "/" ? path : path.startsWith(root) ? path.slice(root.length) : path);
  } catch (error) {
    ignore(error, "a system without control groups");
    return undefined;
  }
}

function removeGroup(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    ignore(error, "an empty group that is left behind does no harm");
  }
}

function numbersIn(path: string): number[] {
  try {
    return readFileSync(path, "latin1").split("\n").filter(Boolean).map(Number);
  } catch (error) {
    ignore(error, "it has gone");
    return [];
  }
}

function writeTo(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    ignore(error, "kernels before 5.14 have no such file; its processes are ended one by one");
  }
}

function send(pid: number, name: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (codeOf(error) !== "ESRCH" && codeOf(error) !== "EPERM") throw error;
  }
}
