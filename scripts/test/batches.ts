/**
 * Which test files share a process, and which begin first. A process that starts a gateway costs over a second before its
 * first test: it reads the sources, and runs code that no compiler has seen yet. Files that leave their process as they
 * found it share one, which halves the CPU of the whole suite.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Test files that run in one process, by their paths from the root. */
export type Batch = readonly string[];

/** How long each test file takes, in seconds. Those that are not named take a moment. */
export type Times = Readonly<Record<string, number>>;

/** Files that may share a process, and how many do at most; the first row that fits a file counts. */
const SHARING: readonly { readonly files: RegExp; readonly text?: RegExp; readonly size: number }[] = [
  // The journals of all gateways of such a process are replayed.
  { files: /^test\//, text: /support\/replayed\.ts"/, size: 5 },
  { files: /^packages\/[^/]+\/src\//, size: 30 },
  { files: /^test\/(wire|agent|stories)\//, size: 12 },
  // They share a browser, too; see `startBrowser`. Of browsers with arguments a process has one.
  { files: /^test\/web\//, text: /startBrowser\(\["--use-fake-ui-for-media-stream"\]\)/, size: 6 },
  { files: /^test\/web\//, text: /startBrowser\(\["--use-fake-ui-for-media-stream=deny"\]\)/, size: 6 },
  { files: /^test\/web\//, text: /^(?![\s\S]*startBrowser\(\[)/, size: 6 },
  { files: /^test\/(cli|scripts)\//, size: 6 },
  // Not those that start programs.
  { files: /^test\/channels\/(?!.*(?:conformance|emulator|drill|whatsapp|discord|slack|signal|imessage))/, size: 8 },
  // Those that load the libraries of platforms: so many fit into the memory of a process.
  { files: /^test\/channels\/.*(?:conformance|emulator|slack|imessage)/, size: 4 },
];
/** A batch that would take longer than this, and than this part of the whole, is parted: the last one keeps the others waiting. */
const BATCH_SECONDS = 30;
const BATCH_PART = 1 / 40;
const MOMENT_SECONDS = 1;

/** Hooks at the top of a file run for every test of its process. `after` alone is safe: it runs when all is over. */
const HOOKS = /^(before|beforeEach|afterEach)\(/m;
/** What changes the process for other files, or measures all of it. */
const WHOLE_PROCESS =
  /process\.(memoryUsage|cpuUsage|chdir|umask|emit|on|once|exitCode)|process\.kill\(process\.pid|process\.env(\.\w+|\[\w+\]) =|globalThis\.|(?:DatabaseSync|StatementSync)\.prototype|\bgc\(|\bmock\.|monitorEventLoopDelay|getActiveResourcesInfo/;

/** A file that cannot be loaded is a failed test of its own: the others of its batch run all the same. */
const ENTRY = `import { test } from "node:test";
const failed = (file, error) => test(file, () => { throw error; });
const load = (file) => import(file).catch((error) => void failed(file, error));
`;

/** Whether a test file may run in a process with others. */
export function mayShareProcess(path: string, text: string): boolean {
  return groupOf(path, text) !== undefined && !HOOKS.test(text) && !WHOLE_PROCESS.test(text);
}

function groupOf(path: string, content: string) {
  return SHARING.find(({ files, text }) => files.test(path) && (text?.test(content) ?? true));
}

/**
 * Parts test files into batches, the longest first, so that none begins when the others are about to end. Batches with a
 * browser, which compute, begin among the others, which wait: all along so many of each kind run.
 */
export function batchesOf(paths: readonly string[], read: (path: string) => string, times: Times = {}): Batch[] {
  const seconds = (batch: Batch) => batch.reduce((sum, path) => sum + (times[path] ?? MOMENT_SECONDS), 0);
  const sharing = new Set(paths.filter((path) => mayShareProcess(path, read(path))));
  const shared = SHARING.flatMap((group) =>
    dealt(
      [...sharing].filter((path) => groupOf(path, read(path)) === group),
      { size: group.size, mostSeconds: Math.max(BATCH_SECONDS, seconds(paths) * BATCH_PART), seconds },
    ),
  );
  const alone = paths.filter((path) => !sharing.has(path)).map((path) => [path]);
  const longestFirst = [...shared, ...alone].toSorted((one, other) => seconds(other) - seconds(one));
  const needsBrowser = (batch: Batch) => batch.some((path) => read(path).includes("startBrowser("));
  return mixed([longestFirst.filter(needsBrowser), longestFirst.filter((batch) => !needsBrowser(batch))], seconds);
}

/** Merges queues in such a way that all come to their ends together. */
function mixed(queues: readonly (readonly Batch[])[], seconds: (batch: Batch) => number): Batch[] {
  const places = queues.flatMap((queue) => {
    const whole = queue.reduce((sum, batch) => sum + seconds(batch), 0);
    let before = 0;
    return queue.map((batch) => {
      const place = before / whole;
      before += seconds(batch);
      return { batch, place };
    });
  });
  return places.toSorted((one, other) => one.place - other.place).map(({ batch }) => batch);
}

interface Deal {
  /** Files in a batch, at most. */
  readonly size: number;
  /** Seconds that a batch takes, at most, unless its only file takes longer. */
  readonly mostSeconds: number;
  readonly seconds: (batch: Batch) => number;
}

/** Deals files to as few batches as their number and their time allow: the longest first, each to the shortest batch. */
function dealt(paths: Batch, { size, mostSeconds, seconds }: Deal): Batch[] {
  const count = Math.max(Math.ceil(paths.length / size), Math.ceil(seconds(paths) / mostSeconds));
  const batches: string[][] = Array.from({ length: Math.min(count, paths.length) }, () => []);
  for (const path of paths.toSorted((one, other) => seconds([other]) - seconds([one]))) {
    const shortest = batches.reduce((one, other) => (seconds(other) < seconds(one) ? other : one));
    shortest.push(path);
  }
  return batches;
}

/** The file that runs a batch: its only one, or one written into `folder` that imports them all. */
export function entryOf(batch: Batch, { root, folder, name }: { root: string; folder: string; name: string }): string {
  const [first = ""] = batch;
  if (batch.length === 1) return join(root, first);
  const path = join(folder, `${name}.mjs`);
  const files = batch.map((each) => pathToFileURL(join(root, each)).href);
  writeFileSync(path, `${ENTRY}for (const file of ${JSON.stringify(files, null, 2)}) await load(file);\n`);
  return path;
}

/**
 * An empty folder within `parent` for the files that `entryOf` writes, named after this process. Folders of runs that have ended
 * are removed; those of runs that go on beside this one stay.
 */
export function ownFolder(parent: string): string {
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(parent))
    if (!isAlive(Number(name))) rmSync(join(parent, name), { recursive: true, force: true });
  const folder = join(parent, String(process.pid));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  return folder;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // A process of another user.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Reads test files by their paths from `root`. */
export function readerOf(root: string): (path: string) => string {
  return (path) => readFileSync(join(root, path), "utf8");
}
