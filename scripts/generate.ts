/**
 * Writes the files that follow from the gateway's definitions: the JSON Schema, the TypeScript contract, the Swift
 * models, the protocol reference, the list of settings, the manual of the command line, and the English texts of the web pages. With `--check` nothing is written; it names the stale files and exits with 1.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { manPage, manualPage } from "../packages/gateway/src/cli/language/manual.ts";
import { protocolDocument } from "./emit/json-schema.ts";
import { protocolReference } from "./emit/markdown.ts";
import { emitSettings } from "./emit/settings.ts";
import { swiftPackage } from "./emit/swift.ts";
import { contractSource } from "./emit/typescript.ts";
import { webTexts } from "./emit/words.ts";

const ROOT = join(import.meta.dirname, "..");
const SWIFT = "packages/protocol/swift";

/** Every generated file by its path from the repository's root. The same definitions always give the same bytes. */
export async function generatedFiles(): Promise<Record<string, string>> {
  const document = await protocolDocument();
  const swift = Object.entries(swiftPackage(document)).map(([path, text]) => [`${SWIFT}/${path}`, text]);
  return {
    "packages/protocol/schema.json": `${JSON.stringify(document, null, 2)}\n`,
    "packages/protocol/src/contract.ts": contractSource(document),
    ...Object.fromEntries(swift),
    "docs/protocol.md": protocolReference(document),
    "docs/settings.md": emitSettings(),
    "docs/command-line.md": `${await manualPage()}\n`.replace(/\n+$/, "\n"),
    "packages/gateway/man/moltbot.1": `${await manPage()}\n`,
    "packages/web/src/words/en.json": `${JSON.stringify((await webTexts()).texts, null, 2)}\n`,
  };
}

/** The generated files that are missing, differ, or should no longer be there. */
export function staleFiles(files: Readonly<Record<string, string>>): string[] {
  const changed = Object.keys(files).filter((path) => currentText(path) !== files[path]);
  return [...changed, ...leftovers(files)];
}

/** Swift files of an earlier generation. */
function leftovers(files: Readonly<Record<string, string>>): string[] {
  const found = readdirSync(join(ROOT, SWIFT), { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile() && entry.name.endsWith(".swift"))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1))
    .filter((path) => !Object.hasOwn(files, path));
}

function currentText(path: string): string | undefined {
  try {
    return readFileSync(join(ROOT, path), "utf8");
  } catch {
    return undefined;
  }
}

function write(files: Readonly<Record<string, string>>): void {
  for (const path of staleFiles(files)) {
    const text = files[path];
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    if (text === undefined) rmSync(join(ROOT, path));
    else writeFileSync(join(ROOT, path), text);
    console.error(`${text === undefined ? "removed" : "wrote"} ${path}`);
  }
}

function check(files: Readonly<Record<string, string>>): void {
  const stale = staleFiles(files);
  if (stale.length === 0) return;
  console.error(`Not what the definitions say: ${stale.join(", ")}. Run \`npm run generate\`.`);
  process.exitCode = 1;
}

if (import.meta.main) {
  mkdirSync(join(ROOT, SWIFT), { recursive: true });
  const files = await generatedFiles();
  if (process.argv.includes("--check")) check(files);
  else write(files);
}
