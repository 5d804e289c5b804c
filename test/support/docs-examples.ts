/** The command lines that a page of the documentation gives as examples. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export function docsPage(name: string): string {
  return readFileSync(fileURLToPath(new URL(`../../docs/${name}`, import.meta.url)), "utf8");
}

/** The lines of its blocks that run moltbot, in order. */
export function examplesIn(page: string): string[] {
  return [...page.matchAll(/```\n([\s\S]*?)```/g)]
    .flatMap(([, block = ""]) => block.split("\n"))
    .filter((line) => line.startsWith("moltbot "));
}

/** The commands that stand in its sentences. */
export function namedIn(page: string): string[] {
  const text = page.replace(/```\n[\s\S]*?```/g, "");
  return [...text.matchAll(/`(moltbot [^`]+)`/g)].map(([, line = ""]) => line);
}

/** A line as a shell takes it apart. */
export function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain ?? "",
  );
}

/** A command of a page, and what it prints. */
export interface Shown {
  readonly line: string;
  readonly output: string;
}

/** The commands that a page shows with their output: lines of its blocks behind `$ `, which a backslash continues. */
export function shownIn(page: string): Shown[] {
  return [...page.matchAll(/```\n(\$ [\s\S]*?)```/g)].flatMap(([, block = ""]) =>
    block
      .replaceAll(/\\\n\s*/g, "")
      .split(/^\$ /m)
      .filter((part) => part !== "")
      .map((part) => ({ line: part.slice(0, part.indexOf("\n")), output: part.slice(part.indexOf("\n") + 1) })),
  );
}
