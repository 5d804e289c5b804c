/**
 * The program of the child process that runs one transform. Its input is JSON: the file, the name of its function, and
 * what was delivered. Its answer is JSON on the fourth stream, which the transform does not write to.
 */
import { writeSync } from "node:fs";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const ANSWERS = 3;
const { file, name, delivered } = JSON.parse(await text(process.stdin)) as {
  file: string;
  name?: string;
  delivered: unknown;
};
const module = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
const transform = name === undefined ? (module.default ?? module.transform) : module[name];
if (typeof transform !== "function") answer({ problem: "no-function" });
else answer({ value: (await transform(delivered)) ?? null });

function answer(what: unknown): never {
  const bytes = Buffer.from(JSON.stringify(what));
  for (let at = 0; at < bytes.length; ) at += writeSync(ANSWERS, bytes, at);
  process.exit(0);
}
