/**
 * `npm test [-- FILE… | --slice NAME… | --name PATTERN…] [--pictures] [--record-times]`: runs test files, several processes at a time, and tells what
 * took longest. Exits with 1 when a test failed, with 2 when it was asked for something that is not there.
 */
import { existsSync, globSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join, relative, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { parseArgs } from "node:util";
import { command, Mistake, ROOT } from "../mistake.ts";
import { type Batch, batchesOf, entryOf, ownFolder, readerOf, type Times } from "./batches.ts";
import { partsWithTests } from "./parts.ts";
import { slowestBeforeSummary } from "./slowest.ts";
import { fastFolder } from "./temporary.ts";

const ALL = ["packages/*/src/**/*.test.ts", "test/**/*.test.ts"];
/** How long each file took, on the machine where it was last recorded: only the proportions matter. */
const TIMES = join(ROOT, "test/times.json");
const ENTRIES = join(ROOT, "node_modules/.cache/test-entries");
/** Most tests wait more than half of their time, for timers, sockets and other processes: so many keep a core busy. */
const PROCESSES_PER_CORE = 3;
const MOST_PROCESSES = 16;
/** What a process with a gateway, a platform's SDK or a browser needs. */
const BYTES_PER_PROCESS = 768 * 1024 * 1024;
/** Less than a second is a moment; naming those would only make the list long. */
const LEAST_RECORDED_MS = 1_000;
/** What hangs ends here; the slowest file takes a tenth of it on a busy machine. */
const FILE_LIMIT_MS = 15 * 60_000;

await command(main);

async function main(args: readonly string[]): Promise<void> {
  const { files, batches, names, isRecorded } = wanted(args);
  const folder = ownFolder(ENTRIES);
  const entries = batches.map((batch, index) => entryOf(batch, { root: ROOT, folder, name: `batch-${index + 1}` }));
  using temporary = fastFolder();
  if (temporary) process.env.TMPDIR = temporary.path;
  const stopped = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => stopped.abort());
  const events = run({
    files: entries,
    cwd: ROOT,
    concurrency: processes(),
    execArgv: ["--conditions=moltbot-source"],
    timeout: FILE_LIMIT_MS,
    signal: stopped.signal,
    ...(names.length > 0 && { testNamePatterns: names.map((name) => new RegExp(name)) }),
  });
  events.on("test:fail", () => {
    process.exitCode = 1;
  });
  const took = new Map<string, number>();
  await pipeline(events, slowestBeforeSummary({ root: ROOT, took }), new spec(), process.stdout, { end: false });
  if (isRecorded && !stopped.signal.aborted) record(files, took);
}

/** Reads what is asked for. Throws what the person should do instead. */
function wanted(args: readonly string[]) {
  const { values, positionals } = parsed(args);
  const { slice: slices = [], name = [], "test-name-pattern": pattern = [] } = values;
  if (values.pictures) process.env.MOLTBOT_TEST_PICTURES = "1";
  const read = readerOf(ROOT);
  const files = slices.length > 0 ? filesOfParts(slices) : positionals.flatMap(filesAt);
  const chosen = [...new Set(files.length > 0 ? files : allFiles())];
  // Whoever names a file wants it alone; parts and the whole share processes.
  const batches = positionals.length > 0 ? chosen.map((file): Batch => [file]) : batchesOf(chosen, read, times());
  return { files: chosen, batches, names: [...name, ...pattern], isRecorded: values["record-times"] === true };
}

function parsed(args: readonly string[]) {
  const many = { type: "string", multiple: true } as const;
  const flag = { type: "boolean" } as const;
  const options = { slice: many, name: many, "test-name-pattern": many, "record-times": flag, pictures: flag } as const;
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    throw new Mistake(
      `${(error as Error).message}\nUsage: npm test -- [FILE…] [--slice NAME…] [--name PATTERN…] [--pictures] [--record-times]`,
    );
  }
}

function allFiles(): string[] {
  return globSync(ALL, { cwd: ROOT, exclude: ["**/node_modules/**"] }).toSorted();
}

function filesOfParts(names: readonly string[]): string[] {
  const parts = partsWithTests(allFiles(), readerOf(ROOT), ROOT);
  return names.flatMap((name) => {
    const files = parts.get(name);
    if (!files) throw new Mistake(`There is no slice “${name}”. Slices with tests: ${[...parts.keys()].join(", ")}.`);
    return files;
  });
}

/** The test files that a path or a pattern names, from where the command was given. */
function filesAt(given: string): string[] {
  const path = resolve(process.env.INIT_CWD ?? ROOT, given);
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  const found = isFolder ? globSync("**/*.test.ts", { cwd: path }).map((each) => join(path, each)) : globSync(path);
  if (found.length === 0)
    throw new Mistake(`No test is at ${given}. Name files, folders or patterns, such as test/wire/frames.test.ts.`);
  return found.toSorted().map((each) => relative(ROOT, each));
}

/** How many test processes run at a time. */
function processes(): number {
  const byMemory = Math.floor(totalmem() / BYTES_PER_PROCESS);
  return Math.max(2, Math.min(Math.floor(availableParallelism() * PROCESSES_PER_CORE), byMemory, MOST_PROCESSES));
}

function times(): Times {
  return existsSync(TIMES) ? (JSON.parse(readFileSync(TIMES, "utf8")) as Times) : {};
}

/** Keeps how long files took for the next runs. */
function record(files: readonly string[], took: ReadonlyMap<string, number>): void {
  const fresh = files.map((file) => [file, took.get(file) ?? 0] as const).filter(([, ms]) => ms >= LEAST_RECORDED_MS);
  const seconds = fresh.map(([file, ms]) => [file, Math.round(ms / 1000)] as const);
  writeFileSync(TIMES, `${JSON.stringify(Object.fromEntries(seconds), null, 2)}\n`);
}
