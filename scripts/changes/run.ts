/**
 * `npm run changes [-- REVISION]`: what the work since a revision does to the wire and to the exported types of `kit`, in
 * words, so that neither hides in generated files. The revision is where the branch left main when none is named.
 */
import { spawnSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { command, Mistake, ROOT } from "../mistake.ts";
import { type Exports, exportChanges, exportsOf } from "./exports.ts";
import { type Wire, wireChanges } from "./wire.ts";

const SCHEMA = "packages/protocol/schema.json";
const SOURCES = "packages/gateway/src";
const KIT = "kit";
/** What `kit` rests on: its types must be found. */
const NEEDED = [`${SOURCES}/kit`, `${SOURCES}/base`, "packages/gateway/package.json", "tsconfig.json", "package.json"];
/** Inside node_modules, so that packages are found from there. */
const SCRATCH = join(ROOT, "node_modules/.cache");

await command(async ([revision]) => {
  const base = revision ?? leftMain();
  const short = git("rev-parse", "--short", "--verify", `${base}^{commit}`).trim();
  const wire = wireChanges(
    JSON.parse(git("show", `${short}:${SCHEMA}`)) as Wire,
    JSON.parse(readFileSync(join(ROOT, SCHEMA), "utf8")) as Wire,
  );
  console.log(section(`The wire, since ${short}`, wire));
  console.log(section(`What kit exports, since ${short}`, exportChanges(exportsAt(short), exportsAt(undefined))));
});

/** Where this branch left main; the last commit when this is main, or there is none. */
function leftMain(): string {
  const found = ["main", "origin/main"].map((name) => spawnGit("merge-base", "HEAD", name)).find((each) => each.ok);
  return found?.stdout.trim() ?? "HEAD";
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0
    ? `${title}: nothing changed.`
    : `${title}:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}

/** What `kit` exports at a revision; undefined is the sources as they are now. */
function exportsAt(revision: string | undefined): Exports {
  mkdirSync(SCRATCH, { recursive: true });
  const folder = mkdtempSync(join(SCRATCH, "kit-types-"));
  try {
    if (revision === undefined)
      for (const path of NEEDED) cpSync(join(ROOT, path), join(folder, path), { recursive: true });
    else unpack(revision, folder);
    return declarationsIn(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function unpack(revision: string, folder: string): void {
  const archive = spawnSync("git", ["archive", revision, "--", ...NEEDED], { cwd: ROOT, maxBuffer: 2 ** 28 });
  if (archive.status !== 0) throw new Mistake(`git cannot read ${revision}: ${archive.stderr.toString().trim()}`);
  const { status } = spawnSync("tar", ["-x", "-C", folder], { input: archive.stdout });
  if (status !== 0) throw new Mistake("tar cannot unpack what git has packed; is it installed?");
}

/** The declarations as the compiler writes them. Types that it cannot find are no matter here: `tsc` tells of those. */
function declarationsIn(folder: string): Exports {
  const files = globSync(`${SOURCES}/${KIT}/**/*.ts`, { cwd: folder, exclude: ["**/*.test.ts"] });
  const options = [
    "--declaration",
    "--emitDeclarationOnly",
    "--noEmit",
    "false",
    "--outDir",
    "declared",
    "--rootDir",
    ".",
  ];
  const settings = ["--ignoreConfig", "--module", "nodenext", "--target", "esnext", "--strict", "--skipLibCheck"];
  const style = ["--exactOptionalPropertyTypes", "--rewriteRelativeImportExtensions", "--types", "node"];
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  spawnSync(process.execPath, [tsc, ...options, ...settings, ...style, ...files], { cwd: folder });
  const declared = join(folder, "declared", SOURCES);
  const written = globSync(`${KIT}/**/*.d.ts`, { cwd: declared });
  if (written.length === 0)
    throw new Mistake("The compiler wrote no declarations of kit; run `npx tsc -p .` and mend what it says.");
  return exportsOf(written.map((file) => readFileSync(join(declared, file), "utf8")));
}

function git(...args: string[]): string {
  const { ok, stdout, stderr } = spawnGit(...args);
  if (!ok) throw new Mistake(`git ${args[0]} says: ${stderr.trim()}`);
  return stdout;
}

function spawnGit(...args: string[]): { ok: boolean; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync("git", args, { cwd: ROOT, encoding: "utf8", maxBuffer: 2 ** 28 });
  return { ok: status === 0, stdout: stdout ?? "", stderr: stderr ?? "" };
}
