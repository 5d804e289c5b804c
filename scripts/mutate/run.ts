/**
 * `npm run mutate -- FILE [TEST…] [--most N]`: changes a source file in small ways, one at a time, and says which changes no
 * test notices. The tests are the one beside the file unless others are named. `--most` tries only so many changes, spread
 * over the file. Nothing is written into the working tree: the tests load the changed text instead of the file.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { command, Mistake, ROOT } from "../mistake.ts";
import { type Mutation, mutated, mutationsOf } from "./mutations.ts";

/** A change that makes a test run this much longer than without is noticed: it hangs. */
const PATIENCE = 10;
const LEAST_PATIENCE_MS = 20_000;
const SIDE_BY_SIDE = 2;
const SHOWN_CHARS = 80;

/** Names the files of each trial. */
let trials = 0;

await command(async (args) => {
  const { file, named, most } = wanted(args);
  const path = resolve(process.env.INIT_CWD ?? ROOT, file);
  const tests = (named.length > 0 ? named : [file.replace(/\.ts$/, ".test.ts")]).map((test) =>
    resolve(process.env.INIT_CWD ?? ROOT, test),
  );
  const missing = [path, ...tests].find((each) => !existsSync(each));
  if (missing !== undefined)
    throw new Mistake(`${relative(ROOT, missing)} is not there; name the file and, behind it, its tests.`);
  const source = readFileSync(path, "utf8");
  const folder = mkdtempSync(join(tmpdir(), "moltbot-mutate-"));
  try {
    const startedAt = performance.now();
    if (!(await passes({ path, text: source, tests, folder, limitMs: 600_000 })))
      throw new Mistake("The tests fail without any change; mend them first.");
    const limitMs = Math.max(LEAST_PATIENCE_MS, (performance.now() - startedAt) * PATIENCE);
    const mutations = spread(await mutationsOf(source), most);
    const survivors = await survivorsOf(mutations, (text) => passes({ path, text, tests, folder, limitMs }), source);
    for (const { line, was, is } of survivors)
      console.log(`${relative(ROOT, path)}:${line}  ${short(was)}  →  ${short(is) || "(nothing)"}`);
    console.log(`${mutations.length - survivors.length} of ${mutations.length} changes were noticed.`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Reads what is asked for. Throws what the person should do instead. */
function wanted(args: readonly string[]) {
  const { values, positionals } = parsed(args);
  const [file, ...named] = positionals;
  if (file === undefined)
    throw new Mistake("Name a source file: npm run mutate -- packages/gateway/src/server/idempotency.ts");
  const most = Number(values.most ?? Number.POSITIVE_INFINITY);
  if (!(most >= 1)) throw new Mistake(`--most takes a number of changes, such as 30; “${values.most}” is none.`);
  return { file, named, most };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: { most: { type: "string" } } });
  } catch (error) {
    throw new Mistake(`${(error as Error).message}\nUsage: npm run mutate -- FILE [TEST…] [--most N]`);
  }
}

/** At most `most` of the changes, at equal distances. */
function spread(all: readonly Mutation[], most: number): Mutation[] {
  if (all.length <= most) return [...all];
  return Array.from({ length: Math.floor(most) }, (_, index) => all[Math.floor((index * all.length) / most)]!);
}

/** The mutations with which the tests still pass. */
async function survivorsOf(
  mutations: readonly Mutation[],
  passes: (text: string) => Promise<boolean>,
  source: string,
): Promise<Mutation[]> {
  const waiting = [...mutations];
  const survivors: Mutation[] = [];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift())
      if (await passes(mutated(source, next))) survivors.push(next);
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
  return survivors.toSorted((one, other) => one.start - other.start);
}

interface Trial {
  readonly path: string;
  readonly text: string;
  readonly tests: readonly string[];
  readonly folder: string;
  readonly limitMs: number;
}

/** Whether the tests pass when `path` holds `text`. Ends what it started. */
async function passes({ path, text, tests, folder, limitMs }: Trial): Promise<boolean> {
  trials += 1;
  const [changed, hook] = [join(folder, `${trials}.ts`), join(folder, `${trials}.mjs`)];
  writeFileSync(changed, text);
  writeFileSync(hook, hookFor(pathToFileURL(path).href, changed));
  const args = ["--conditions=moltbot-source", `--import=${pathToFileURL(hook)}`, "--test", ...tests];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: "ignore", detached: true });
  const late = setTimeout(() => process.kill(-child.pid!, "SIGKILL"), limitMs);
  const [code] = (await once(child, "exit")) as [number | null];
  clearTimeout(late);
  return code === 0;
}

/** A module that makes `url` load as the text of another file. */
function hookFor(url: string, changed: string): string {
  return `import { readFileSync } from "node:fs";
import { registerHooks, stripTypeScriptTypes } from "node:module";
registerHooks({
  load: (asked, context, next) => asked === ${JSON.stringify(url)}
    ? { format: "module", source: stripTypeScriptTypes(readFileSync(${JSON.stringify(changed)}, "utf8")), shortCircuit: true }
    : next(asked, context),
});
`;
}

function short(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > SHOWN_CHARS ? `${line.slice(0, SHOWN_CHARS)}…` : line;
}
