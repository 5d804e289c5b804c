/**
 * The cron drill: jobs that are due every few seconds, while the gateway is killed at random moments and its clock is set
 * ahead and back. A program of the drill's own takes what the jobs post, and says at the end whether each time was run once.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CronRunsResult } from "@moltbot/protocol";
import { Random } from "./random.ts";
import { type Program, Subject } from "./subject.ts";
import { WrongClock } from "./wrong-clock.ts";

export interface CronDrillOptions {
  readonly kills: number;
  readonly seed: number;
  /** A folder of the drill's own. */
  readonly folder: string;
  readonly program: Program;
  progress(sentence: string): void;
}

/** What the drill has found. */
export interface CronDrillResult {
  readonly jobs: number;
  /** Times at which a job was due. */
  readonly slots: number;
  readonly ran: number;
  /** Listed as missed, as the rules of their job say. */
  readonly missed: number;
  /** Posts that came again under their name, because a kill struck before they were noted. */
  readonly repeats: number;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
}

type Entry = CronRunsResult["entries"][number];

interface Job {
  readonly id: string;
  readonly name: string;
  readonly everyMs: number;
  readonly anchorMs: number;
}

const RULES = ["latest", "all", "none"] as const;
/** Periods of the jobs, ms. */
const PERIODS = [1_000, 2_000, 3_000, 5_000];
const MAX_PAUSE_MS = 2_000;
/** How far the clock is set at a time, at most, ms: so little that each slot is listed for itself. */
const MAX_STEP_MS = 60_000;
const SETTLE_LIMIT_MS = 120_000;
/** Slots this near to the end may still be under way, ms. */
const TAIL_MS = 5_000;
const PAGE = 200;

export async function runCronDrill(options: CronDrillOptions): Promise<CronDrillResult> {
  const { kills, seed, folder, program, progress } = options;
  const random = new Random(seed);
  await using receiver = await startReceiver();
  const clock = new WrongClock(join(folder, "shift"));
  await using subject = new Subject({
    ...{ stateDir: join(folder, "state"), program, preloads: [clock.preload], env: clock.env },
    config: {
      gateway: { mode: "local", auth: { mode: "token" } },
      models: { detectLocal: false },
      cron: { webhookPrivateHosts: [receiver.host] },
    },
  });
  subject.launch();
  const jobs = await addJobs(subject, receiver.url);
  progress(`${jobs.length} jobs are due every few seconds.`);
  let shiftMs = 0;
  for (let kill = 1; kill <= kills; kill++) {
    await sleep(random.below(MAX_PAUSE_MS));
    if (kill % 3 === 0) {
      // Windows has no signals; there the clock is set while the gateway is down.
      shiftMs = random.below(2) === 0 ? 0 : random.below(2 * MAX_STEP_MS) - MAX_STEP_MS;
      clock.shift(shiftMs);
      await subject.client();
      if (process.platform !== "win32") subject.signal("SIGUSR2");
      await sleep(random.below(MAX_PAUSE_MS));
    } else if (kill % 2 === 0) await subject.client();
    await subject.kill();
    progress(`kill ${kill} of ${kills}: ${receiver.posts.size} runs so far, the clock is off by ${shiftMs / 1_000} s`);
    await sleep(random.below(MAX_PAUSE_MS / 3));
    // The verdict is about all times up to now, so at the end the clock is right.
    if (kill === kills) clock.shift(0);
    subject.launch();
  }
  progress("Waiting until everything has its outcome.");
  const entries = await settled(subject, jobs);
  const endAt = Date.now() - TAIL_MS;
  return judge(jobs, entries, { posts: receiver.posts, repeats: receiver.repeats, endAt });
}

async function addJobs(subject: Subject, url: string): Promise<Job[]> {
  const client = await subject.client();
  const jobs: Job[] = [];
  for (const everyMs of PERIODS)
    for (const catchUp of RULES) {
      const name = `every ${everyMs / 1_000} s, ${catchUp}`;
      const answer = await client.request("cron.add", {
        ...{ name, catchUp, schedule: { kind: "every", everyMs }, payload: { kind: "systemEvent", text: "tick" } },
        delivery: { mode: "webhook", to: url },
      });
      const job = "job" in answer ? answer.job : answer;
      const { schedule } = job;
      if (schedule.kind === "every")
        jobs.push({ id: job.id, name, everyMs, anchorMs: schedule.anchorMs ?? job.createdAtMs });
    }
  return jobs;
}

/** All that the jobs have run, once nothing waits to be posted any more. */
async function settled(subject: Subject, jobs: readonly Job[]): Promise<Map<string, Entry[]>> {
  const limit = AbortSignal.timeout(SETTLE_LIMIT_MS);
  for (;;) {
    await sleep(TAIL_MS);
    const all = new Map<string, Entry[]>();
    for (const { id } of jobs) all.set(id, await entriesOf(subject, id));
    const open = [...all.values()]
      .flat()
      .filter(({ deliveryStatus, ts }) => deliveryStatus === "queued" && ts < Date.now() - TAIL_MS);
    if (open.length === 0 || limit.aborted) return all;
  }
}

async function entriesOf(subject: Subject, id: string): Promise<Entry[]> {
  const all: Entry[] = [];
  for (let offset: number | null = 0; offset !== null; ) {
    const page: CronRunsResult = await subject.ask("cron.runs", { id, limit: PAGE, offset, sortDir: "asc" });
    all.push(...page.entries);
    offset = page.nextOffset ?? null;
  }
  return all;
}

interface Evidence {
  /** The names of the posts for each slot. */
  readonly posts: ReadonlyMap<string, ReadonlySet<string>>;
  readonly repeats: number;
  readonly endAt: number;
}

/** Holds what was posted and what is listed against the times at which the jobs were due. */
function judge(
  jobs: readonly Job[],
  listed: ReadonlyMap<string, Entry[]>,
  { posts, repeats, endAt }: Evidence,
): CronDrillResult {
  const lost: string[] = [];
  const doubled: string[] = [];
  const counts = { slots: 0, ran: 0, missed: 0 };
  for (const { id, name, everyMs, anchorMs } of jobs) {
    const entries = new Map<number, Entry[]>();
    for (const entry of listed.get(id) ?? [])
      entries.set(entry.slotAtMs ?? 0, [...(entries.get(entry.slotAtMs ?? 0) ?? []), entry]);
    for (let slot = anchorMs + everyMs; slot < endAt; slot += everyMs) {
      counts.slots++;
      const of = entries.get(slot) ?? [];
      const sent = posts.get(`${id} ${slot}`)?.size ?? 0;
      const hasRun = of.some(({ outcome }) => outcome === "fired" || outcome === "late");
      const what = `${name}: ${new Date(slot).toISOString()}`;
      if (hasRun) counts.ran++;
      else if (of.length > 0) counts.missed++;
      if (of.length === 0 || (hasRun && sent === 0)) lost.push(what);
      if (of.length > 1 || sent > 1) doubled.push(what);
    }
  }
  return { jobs: jobs.length, ...counts, repeats, lost, doubled };
}

/** Takes what jobs post. The same name may come again: then a kill struck between the post and its note. */
async function startReceiver() {
  const posts = new Map<string, Set<string>>();
  let repeats = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { jobId, slotAtMs } = JSON.parse(Buffer.concat(chunks).toString()) as { jobId: string; slotAtMs: number };
      const key = `${jobId} ${slotAtMs}`;
      const names = posts.get(key) ?? new Set();
      const name = String(request.headers["idempotency-key"]);
      if (names.has(name)) repeats++;
      posts.set(key, names.add(name));
      response.writeHead(204).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...{ host, url: `http://${host}/`, posts },
    get repeats() {
      return repeats;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
