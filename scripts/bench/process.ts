/** Processes under measurement: start them, read their CPU time and memory (Linux: /proc), end them. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks of /proc, per second (getconf CLK_TCK; 100 on every Linux that Node runs on). */
const TICKS_PER_SECOND = 100;

/** CPU time of a process so far, in ms. */
export function cpuMs(pid: number): number {
  const fields = statFields(`/proc/${pid}/stat`);
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

/** CPU time of all ended children of this process so far, in ms. */
export function childrenCpuMs(): number {
  const fields = statFields("/proc/self/stat");
  return ((Number(fields[13]) + Number(fields[14])) * 1000) / TICKS_PER_SECOND;
}

/** The fields after the command name, which may hold spaces (proc_pid_stat(5), from field 3 on). */
function statFields(path: string): string[] {
  const text = readFileSync(path, "utf8");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

/** Resident memory of a process and all its children, in MB. */
export function rssMb(pid: number): number {
  const own = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0";
  const children = readdirSync(`/proc/${pid}/task`)
    .flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").trim().split(" "))
    .filter(Boolean);
  return Number(own) / 1024 + children.reduce((sum, child) => sum + rssMb(Number(child)), 0);
}

/** Runs a command to its end; returns its wall time and CPU time in ms. Throws when it fails. */
export async function timeCommand(
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ wallMs: number; cpuMs: number }> {
  const cpuBefore = childrenCpuMs();
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, { stdio: "ignore", env });
  const [code] = (await once(child, "exit")) as [number];
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}`);
  return { wallMs: performance.now() - startedAt, cpuMs: childrenCpuMs() - cpuBefore };
}

/** A child process that ends when the scope does. */
export class Child implements AsyncDisposable {
  readonly process: ChildProcess;

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.process = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], env });
  }

  get pid(): number {
    if (this.process.pid === undefined) throw new Error("the process did not start");
    return this.process.pid;
  }

  /** The first line of output that matches; what it captures. */
  async line(pattern: RegExp): Promise<string> {
    let text = "";
    for await (const chunk of this.process.stdout!) {
      text += chunk;
      const match = pattern.exec(text);
      if (match) {
        this.process.stdout!.resume();
        return match[1] ?? match[0];
      }
    }
    throw new Error(`the process ended without printing ${pattern}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = once(this.process, "exit");
    this.process.kill("SIGTERM");
    await ended;
  }
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The middle one of some times, and the one that 99 of 100 do not exceed. */
export function spread(times: readonly number[]): { p50: number; p99: number } {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
  return { p50: at(0.5), p99: at(0.99) };
}
