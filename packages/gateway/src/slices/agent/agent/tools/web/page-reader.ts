/**
 * Reads pages and PDFs in a process of its own: they are hostile and heavy, and must take neither the gateway's loop
 * nor its memory. A thread is not enough, because one that runs out of memory can end the process.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { setPriority } from "node:os";
import { join } from "node:path";
import { GatewayError, ignore } from "../../../../../base/errors.ts";
import type { Clock } from "../../../../../base/time/clock.ts";
import { within } from "../../../../../base/time/deadline.ts";
import type { Page, PageFormat } from "./page.ts";

/** The input of the child process. */
export interface PageTask {
  readonly bytes: Uint8Array;
  readonly charset: string | undefined;
  /** The address of the page. */
  readonly url: string;
  readonly format: PageFormat;
}

const LIMIT_MS = 10_000;
/** The time limit for a PDF, whose reader takes longer to load. */
const PDF_LIMIT_MS = 30_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
/** The child may read files (its libraries), and may neither write nor start programs. */
const FLAGS = ["--max-old-space-size=256", "--permission", "--allow-fs-read=*", "--no-warnings"];
/** Places of the program: in the source tree, beside the bundle's chunks, beside the bundle. */
const PLACES = ["page-process.ts", "../page-process.mjs", "page-process.mjs"];

interface Apart {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly limitMs?: number;
}

/** Reads HTML. Throws `UNAVAILABLE` when it is too large, or the signal's reason. */
export async function readPageInSubprocess({ bytes, ...how }: PageTask, options: Apart): Promise<Page> {
  return (await readApart(bytes, how, options)) as Page;
}

/** The text of a PDF; "" when there is none in it. Throws `UNAVAILABLE` when it cannot be read, or the signal's reason. */
export async function readPdfInSubprocess(bytes: Uint8Array, options: Apart): Promise<string> {
  const { text } = (await readApart(bytes, { format: "pdf" }, { limitMs: PDF_LIMIT_MS, ...options })) as {
    text: string;
  };
  return text;
}

async function readApart(
  bytes: Uint8Array,
  how: object,
  { clock, signal, limitMs = LIMIT_MS }: Apart,
): Promise<unknown> {
  signal.throwIfAborted();
  const child = spawn(process.execPath, [...FLAGS, programFile()], { env: {}, stdio: ["pipe", "pipe", "ignore"] });
  using _killed = { [Symbol.dispose]: () => void child.kill("SIGKILL") };
  giveWay(child);
  child.stdin!.on("error", (error) => ignore(error, "the process has ended; its output says so"));
  child.stdin!.write(`${JSON.stringify(how)}\n`);
  child.stdin!.end(bytes);
  return await within(outputOf(child), { ms: limitMs, clock, signal, late: tooHeavy });
}

async function outputOf(child: ChildProcess): Promise<unknown> {
  const { promise: failed, reject } = Promise.withResolvers<never>();
  child.once("error", reject);
  const chunks: Buffer[] = [];
  let size = 0;
  const reading = (async () => {
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      size += chunk.byteLength;
      if (size > MAX_OUTPUT_BYTES) throw tooHeavy();
      chunks.push(chunk);
    }
  })();
  await Promise.race([reading, failed]);
  if (size === 0) throw tooHeavy();
  return JSON.parse(Buffer.concat(chunks).toString()) as unknown;
}

/** Gives the process the lowest priority. */
function giveWay({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) setPriority(pid, 10);
  } catch (error) {
    ignore(error, "it reads the page all the same");
  }
}

function tooHeavy(): GatewayError {
  return new GatewayError("UNAVAILABLE", "the page is too large or too deep to read; ask for format raw");
}

function programFile(): string {
  const file = PLACES.map((place) => join(import.meta.dirname, place)).find((path) => existsSync(path));
  if (!file) throw new GatewayError("UNAVAILABLE", "the part that reads pages is not installed; install moltbot again");
  return file;
}
