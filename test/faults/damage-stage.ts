/** A used state folder, copies of it, and what can happen to the bytes of its database. */
import {
  closeSync,
  cpSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { Home } from "../cli/harness.ts";
import { WireClient } from "../support/wire-client.ts";

export const PAGE_BYTES = 4_096;

/** The database of a home. */
export const databaseOf = (home: Home) => join(home.stateDir, "state.db");

/** How many conversations a used folder has; each has a message and its answer. */
export const SESSIONS = 40;

/** A folder in which a gateway has talked in `SESSIONS` conversations, and was stopped as `signal` does. */
export async function usedHome(signal: "SIGTERM" | "SIGKILL"): Promise<Home> {
  const home = new Home();
  await using gateway = await home.gateway();
  using client = new WireClient(gateway.url, { token: gateway.token });
  await client.opened();
  await client.shakeHands({ scopes: ["operator.admin"] });
  for (let n = 0; n < SESSIONS; n++) await say(client, n);
  await gateway.end(signal);
  return home;
}

/** Says something to the built-in agent and waits for its answer. Some texts are longer than a page. */
async function say(client: WireClient, n: number): Promise<void> {
  const text = `/echo word${n} ${`about number ${n} `.repeat(n % 5 === 0 ? 700 : 30)}`;
  const params = { message: text, sessionKey: `agent:main:chat${n}`, idempotencyKey: `said-${n}-${text.length}` };
  const { runId } = await client.call("agent", params);
  await client.call("agent.wait", { runId, timeoutMs: 30_000 });
}

/** A home with the same state, to be damaged. */
export function copyOf(home: Home): Home {
  const copy = new Home();
  mkdirSync(dirname(copy.stateDir), { recursive: true });
  cpSync(home.stateDir, copy.stateDir, { recursive: true, preserveTimestamps: true });
  rmSync(join(copy.stateDir, "gateway.json"), { force: true });
  return copy;
}

/** Random bytes that follow from a seed (mulberry32). */
export function noise(length: number, seed: number): Buffer {
  let state = seed;
  return Buffer.from(
    Array.from({ length }, () => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return (mixed ^ (mixed >>> 14)) & 0xff;
    }),
  );
}

/** Writes over a part of a file, which keeps its length. */
export function overwrite(path: string, at: number, bytes: Buffer): void {
  const file = openSync(path, "r+");
  const length = Math.max(0, Math.min(bytes.length, fstatSync(file).size - at));
  writeSync(file, bytes, 0, length, at);
  closeSync(file);
}

/** Puts one page of a file where another belongs. */
export function misplacePage(path: string, from: number, to: number): void {
  const file = openSync(path, "r+");
  const page = Buffer.alloc(PAGE_BYTES);
  readSync(file, page, 0, PAGE_BYTES, (from - 1) * PAGE_BYTES);
  writeSync(file, page, 0, PAGE_BYTES, (to - 1) * PAGE_BYTES);
  closeSync(file);
}

/** Cuts a file to a share of its length. */
export function cut(path: string, share: number): void {
  truncateSync(path, Math.floor(statSync(path).size * share));
}

/** Pages of a file. */
export function pagesIn(path: string): number {
  return existsSync(path) ? Math.floor(statSync(path).size / PAGE_BYTES) : 0;
}
