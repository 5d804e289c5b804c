/**
 * Runs the transform of a mapping: a module of the owner's that turns a delivery into an action, or into nothing. It runs
 * in a process of its own that reads its folder only and starts nothing; its time and memory are bounded. It may use the
 * network: Node has no way yet to keep a process from that.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, realpathSync, statSync } from "node:fs";
import { isAbsolute, join, relative, resolve } from "node:path";
import type { Readable } from "node:stream";
import { isRecord } from "../../../../base/config/config.ts";
import { ignore, TellableError } from "../../../../base/errors.ts";
import { expandHome } from "../../../../base/files.ts";
import { pipeOf, quietStreams } from "../../../../base/process/child.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import { within } from "../../../../base/time/deadline.ts";
import type { Delivered } from "./template.ts";

/** What a transform answers: fields of an action, or null for nothing. */
export type Transformed = Readonly<Record<string, unknown>> | null;

export interface TransformOptions {
  readonly folder: string;
  readonly module: string;
  /** The name of the function; `default`, else `transform`, by default. */
  readonly export?: string | undefined;
  readonly clock: Clock;
}

/** How long a transform may take, the start of its process included, ms. */
const LIMIT_MS = 30_000;
/** How long it may compute, seconds; a busy machine does not count against it. */
const CPU_SECONDS = 3;
const MAX_ANSWER_BYTES = 1_024 * 1_024;
const HEAP_MB = 64;
/**
 * What the process may map for data, KiB: Node itself reserves about half of it. Linux counts buffers too, which V8's own
 * limit does not.
 */
const DATA_KIB = 786_432;
const LIMITS = `ulimit -t ${CPU_SECONDS}${process.platform === "linux" ? ` && ulimit -d ${DATA_KIB}` : ""}`;
/** Places of the program: in the source tree, beside the bundle's chunks, beside the bundle. */
const PLACES = ["transform-process.ts", "../transform-process.mjs", "transform-process.mjs"];

/** The folder of transforms. */
export function transformsFolder(stateDir: string, transformsDir: string | undefined): string {
  if (transformsDir === undefined) return join(stateDir, "hooks", "transforms");
  return resolve(stateDir, expandHome(transformsDir));
}

/** Runs a transform. Throws `TellableError` when it cannot be used, fails, or takes too much time or memory. */
export async function runTransform(delivered: Delivered, options: TransformOptions): Promise<Transformed> {
  const { folder, file } = placeOf(options);
  const child = start(folder);
  using _ended = { [Symbol.dispose]: () => void child.kill("SIGKILL") };
  const input = pipeOf(child, 0);
  const answer = answerOf(child, pipeOf(child, 3));
  const context = { ...delivered, url: `/${delivered.path}`, now: new Date(delivered.at).toISOString() };
  input.end(JSON.stringify({ file, name: options.export, delivered: context }));
  const late = () => new TellableError(`it took longer than ${LIMIT_MS / 1_000} s`);
  return valueIn(await within(answer, { ms: LIMIT_MS, clock: options.clock, late }));
}

/** The file of a transform. Links are followed before it is judged whether the file is in the folder. */
function placeOf({ folder, module }: TransformOptions): { folder: string; file: string } {
  const real = realPath(folder);
  const file = real === undefined || isAbsolute(module) ? undefined : realPath(join(real, module));
  if (real === undefined || file === undefined)
    throw new TellableError(`there is no file ${module} in hooks.transformsDir`);
  const inside = relative(real, file);
  if (inside.startsWith("..") || isAbsolute(inside))
    throw new TellableError(`${module} leads out of hooks.transformsDir`);
  if (!/\.(?:[cm]?js|[cm]?ts)$/.test(file) || !statSync(file).isFile())
    throw new TellableError(`${module} is not a file of JavaScript or TypeScript`);
  return { folder: real, file };
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    ignore(error, "nothing is there that could be read");
    return undefined;
  }
}

function start(folder: string): ChildProcess {
  const program = PLACES.map((place) => join(import.meta.dirname, place)).find((path) => existsSync(path));
  if (!program) throw new TellableError("the part that runs transforms is not installed; install moltbot again");
  const reads = [folder, realpathSync(program)].map((path) => `--allow-fs-read=${path}`);
  const node = [
    process.execPath,
    "--permission",
    ...reads,
    `--max-old-space-size=${HEAP_MB}`,
    "--no-warnings",
    program,
  ];
  const limited = ["/bin/sh", "-c", `${LIMITS} && exec "$@"`, "sh", ...node];
  const [command = "", ...args] = process.platform === "win32" ? node : limited;
  const child = spawn(command, args, { cwd: folder, env: {}, stdio: ["pipe", "ignore", "ignore", "pipe"] });
  quietStreams(child);
  return child;
}

async function answerOf(child: ChildProcess, output: Readable): Promise<Buffer> {
  const { promise: failed, reject } = Promise.withResolvers<never>();
  child.once("error", reject);
  const reading = (async () => {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of output as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES) throw new TellableError(`it answered with more than ${MAX_ANSWER_BYTES} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  })();
  return await Promise.race([reading, failed]);
}

function valueIn(bytes: Buffer): Transformed {
  if (bytes.length === 0) throw new TellableError("it threw an error, or took more time or memory than it may");
  const { value, problem } = JSON.parse(bytes.toString()) as { value?: unknown; problem?: string };
  if (problem !== undefined) throw new TellableError("its module exports no such function");
  if (value === null || isRecord(value)) return value;
  throw new TellableError("it must answer with an object, or with null for nothing");
}
