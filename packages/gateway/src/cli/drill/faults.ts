/**
 * The faults drill: people write on every channel while something is wrong with the machine, and afterwards. No fault needs
 * rights of its own; what a machine does not offer is left out and said so. Each fault has its own gateway and its own time.
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { FakePlatform } from "@moltbot/fakes";
import { defined } from "../../base/defined.ts";
import { messageOf } from "../../base/errors.ts";
import { CliError } from "../language/exit.ts";
import { IdleSockets } from "./idle-sockets.ts";
import { Random } from "./random.ts";
import { type Program, Subject, type SubjectOptions } from "./subject.ts";
import { burst, configFor, type DrillMessage, type DrillResult, judge, link, settled } from "./talk.ts";
import { tightDisk } from "./tight-disk.ts";
import { WrongClock } from "./wrong-clock.ts";

/** How one fault went. */
export interface FaultRow {
  readonly fault: string;
  /** How it was made, or why it was left out. */
  readonly how: string;
  /** Undefined when it was left out. */
  readonly result: DrillResult | undefined;
  /** Why the drill could not go on, when it could not; the counts are those of then. */
  readonly problem?: string;
}

/** A fault that is ready: what the gateway is started with, and how the trouble begins and ends. */
interface Ready {
  readonly how: string;
  readonly stateDir: string;
  readonly options?: Partial<SubjectOptions>;
  begin(subject: Subject): void | Promise<void>;
  end(subject: Subject): void | Promise<void>;
}

interface Fault {
  readonly name: string;
  /** Makes it in a folder of its own; a sentence says why that is not possible here. */
  prepare(folder: string, stack: DisposableStack): Ready | string;
}

export interface FaultsOptions {
  readonly seed: number;
  /** Messages of a burst, at most, on each channel. */
  readonly burst: number;
  /** A folder of the drill's own. */
  readonly folder: string;
  readonly program: Program;
  /** Starts the fake platforms of one fault; the drill ends them. */
  platforms(): Promise<readonly FakePlatform[]>;
  /** The names of the faults to try; all by default. */
  readonly only?: readonly string[];
  progress(sentence: string): void;
}

/** How long one fault may take in all, ms: its counts are printed then, whatever they are. */
export const FAULT_LIMIT_MS = 180_000;
/** How long the trouble lasts once people have written, ms. */
const TROUBLE_MS = 3_000;
/** Time limits for questions to a gateway that is in trouble. */
const TIMEOUTS = { answerMs: 10_000, limitMs: 30_000 };
const DISK_BYTES = 32 * 1024 * 1024;
const DESCRIPTORS = 96;
const YEAR_MS = 365 * 86_400_000;

const FAULTS: readonly Fault[] = [
  { name: "full disk", prepare: (folder, stack) => fullDisk(folder, stack, {}) },
  { name: "no inodes", prepare: (folder, stack) => fullDisk(folder, stack, { inodes: 400 }) },
  {
    name: "few descriptors",
    prepare(folder, stack) {
      if (process.platform === "win32") return "this system has no limit on descriptors";
      let crowd: IdleSockets | undefined;
      stack.defer(() => crowd?.[Symbol.dispose]());
      return {
        how: `${DESCRIPTORS} descriptors and more connections than that`,
        stateDir: folder,
        options: { descriptors: DESCRIPTORS },
        async begin(subject) {
          crowd = new IdleSockets((await subject.address()).url, DESCRIPTORS);
        },
        end: () => crowd?.[Symbol.dispose](),
      };
    },
  },
  { name: "clock ahead", prepare: (folder) => wrongClock(folder, YEAR_MS) },
  { name: "clock behind", prepare: (folder) => wrongClock(folder, -YEAR_MS) },
  {
    name: "no reader",
    prepare: (folder) => ({
      how: "whoever reads the gateway's output goes away",
      stateDir: folder,
      options: { isWatched: true },
      begin: (subject) => subject.leave(),
      end: () => {},
    }),
  },
];

/** The names of all faults. */
export const FAULT_NAMES: readonly string[] = FAULTS.map(({ name }) => name);

/** Tries one fault after the other. Never throws for a fault: its row says what went wrong. */
export async function runFaults(options: FaultsOptions): Promise<FaultRow[]> {
  const { folder, only = FAULT_NAMES, progress } = options;
  const rows: FaultRow[] = [];
  for (const fault of FAULTS.filter(({ name }) => only.includes(name))) {
    using stack = new DisposableStack();
    const place = join(folder, fault.name.replaceAll(" ", "-"));
    mkdirSync(place, { recursive: true, mode: 0o700 });
    const ready = fault.prepare(place, stack);
    if (typeof ready === "string") {
      rows.push({ fault: fault.name, how: ready, result: undefined });
      continue;
    }
    progress(`${fault.name}: ${ready.how}`);
    rows.push(await runFault(fault.name, ready, options));
  }
  return rows;
}

async function runFault(fault: string, ready: Ready, options: FaultsOptions): Promise<FaultRow> {
  const { program, seed, burst: most } = options;
  const limit = AbortSignal.timeout(FAULT_LIMIT_MS);
  await using stack = new AsyncDisposableStack();
  const platforms = await options.platforms();
  for (const platform of platforms) stack.use(platform);
  const { stateDir, how, options: more = {} } = ready;
  const subject = stack.use(
    new Subject({
      ...{ stateDir: join(stateDir, "state"), program, config: configFor(platforms), timeouts: TIMEOUTS, ...more },
      env: { ...Object.assign({}, ...platforms.map(({ env = {} }) => env)), ...more.env },
      preloads: [...platforms.flatMap(({ preload }) => preload ?? []), ...(more.preloads ?? [])],
    }),
  );
  const spoken: DrillMessage[] = [];
  const people = (round: number) => burst(platforms, { random: new Random(seed + round), kill: round, most, spoken });
  const story = async () => {
    subject.launch();
    for (const platform of platforms) await link(platform, subject, limit);
    await people(1);
    await ready.begin(subject);
    await people(2);
    await sleep(TROUBLE_MS);
    await ready.end(subject);
    await people(3);
    await settled(subject, spoken, limit);
  };
  const problem = await Promise.race([story(), ended(limit)]).then(
    () => undefined,
    (error: unknown) => messageOf(error),
  );
  const result = await judge(platforms, spoken, subject);
  return { fault, how, result, ...defined({ problem }) };
}

function ended(limit: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = () => reject(new CliError(`It took longer than ${FAULT_LIMIT_MS / 1000} s.`));
  limit.addEventListener("abort", late, { once: true });
  return promise;
}

function fullDisk(folder: string, stack: DisposableStack, { inodes }: { inodes?: number }): Ready | string {
  const disk = tightDisk(join(folder, "disk"), { bytes: DISK_BYTES, ...defined({ inodes }) });
  if (!disk) return inodes === undefined ? "needs Linux, or root" : "needs root";
  stack.use(disk);
  return {
    how: disk.how,
    stateDir: disk.folder,
    begin: ({ pid }) => disk.fill(pid),
    end: ({ pid }) => disk.free(pid),
  };
}

function wrongClock(folder: string, aheadMs: number): Ready | string {
  if (process.platform === "win32") return "this system has no signals";
  const clock = new WrongClock(join(folder, "shift"));
  const jump = (subject: Subject, ms: number) => {
    clock.shift(ms);
    subject.signal("SIGUSR2");
  };
  return {
    how: `it jumps a year ${aheadMs > 0 ? "ahead" : "back"}, and is right again`,
    stateDir: folder,
    options: { preloads: [clock.preload], env: clock.env },
    begin: (subject) => jump(subject, aheadMs),
    end: (subject) => jump(subject, 0),
  };
}
