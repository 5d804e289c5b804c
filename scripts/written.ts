/** What `npm run new` shares: names, files that are made or changed, and how a request that cannot be met is refused. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "./mistake.ts";

/** A mistake of whoever asks, in a sentence. */
export class Refused extends Error {}

/** The names that code about a thing uses. */
export interface Names {
  readonly name: string;
  /** `httpThings` for `http-things`. */
  readonly property: string;
  /** `HttpThings`. */
  readonly service: string;
  /** `Http things`. */
  readonly words: string;
}

/** Throws `Refused` for what cannot be a name; `what` says of what. */
export function namesOf(name: string, what: string): Names {
  if (!/^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$/.test(name))
    throw new Refused(
      `${JSON.stringify(name)} is no name of a ${what}; write a noun in small letters, such as chores.`,
    );
  const property = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const service = property.charAt(0).toUpperCase() + property.slice(1);
  const spaced = name.replaceAll("-", " ");
  return { name, property, service, words: spaced.charAt(0).toUpperCase() + spaced.slice(1) };
}

/** Writes files by their paths from the root, and tells each. */
export function writeFiles(files: ReadonlyMap<string, string>): void {
  for (const [path, text] of files) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), text);
    console.log(path);
  }
}

/** A file that is there already, with something put in. */
export function changed(path: string, change: (text: string) => string): [string, string] {
  return [path, change(readFileSync(join(ROOT, path), "utf8"))];
}

export function after(text: string, anchor: string, added: string): string {
  if (!text.includes(anchor)) throw new Refused(`The place for ${JSON.stringify(added.trim())} was not found.`);
  return text.replace(anchor, () => anchor + added);
}

export function before(text: string, anchor: RegExp, added: string): string {
  if (!anchor.test(text)) throw new Refused(`The place for ${JSON.stringify(added.trim())} was not found.`);
  return text.replace(anchor, (found) => added + found);
}

/** An import in its place among the others, which are in the order of their paths; only those that `among` holds count. */
export function withImport(text: string, line: string, among: string): string {
  const imports = text.split("\n").filter((each) => each.startsWith("import "));
  const pathOf = (each: string) => /from "(.*)"/.exec(each)?.[1] ?? "";
  const next = imports.find((each) => pathOf(each).startsWith(among) && pathOf(each) > pathOf(line));
  const anchor = next ?? imports.at(-1)!;
  return next ? text.replace(anchor, `${line}\n${anchor}`) : text.replace(anchor, `${anchor}\n${line}`);
}

/** Runs it; who asked for what cannot be gets a sentence and exit code 2. */
export function begin(main: (args: readonly string[]) => void): void {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof Refused) && (error as NodeJS.ErrnoException).code !== "ERR_PARSE_ARGS_UNKNOWN_OPTION")
      throw error;
    console.error((error as Error).message);
    process.exitCode = 2;
  }
}
