/** Tries a schedule on a clock that moves by itself: the rules of the real scheduler, with downtimes and clock steps. */
import { dueSlots, MAX_TOLD, type SlotOutcome, type Waiting } from "./due.ts";
import { clockChangeAt, localTime } from "./local-time.ts";
import { nextSlot } from "./schedule.ts";

export interface Simulation extends Pick<Waiting, "schedule" | "catchUp" | "graceMs"> {
  /** The zone in which times are told. */
  readonly tz: string;
  /** Epoch ms; slots later than `from` and up to `to` are told. */
  readonly from: number;
  readonly to: number;
  /** When the gateway is off, epoch ms. */
  readonly downs: readonly { readonly from: number; readonly to: number }[];
  /** When the wall clock is set, and by how much, ms. */
  readonly steps: readonly { readonly at: number; readonly byMs: number }[];
}

/** What became of a slot. */
export interface Simulated {
  /** ISO time in UTC. */
  readonly slot: string;
  readonly local: string;
  readonly outcome: SlotOutcome;
  readonly why: string;
}

/** How long after its last look the scheduler looks again at the latest, ms. */
const LOOK_AGAIN_MS = 60_000;

/** What would become of each slot, in the order of the slots. */
export function* simulate(given: Simulation): Generator<Simulated> {
  const seen: Seen | undefined = given.steps.some(({ byMs }) => byMs < 0) ? new Map() : undefined;
  if (!seen) return yield* looks(given, seen);
  // A clock that is set back may take back what was missed, so that it is known at the end only.
  for (const _told of looks(given, seen));
  for (const [slot, told] of [...seen].sort(([a], [b]) => a - b)) if (slot <= given.to) yield told;
}

/** The slots that the scheduler has written down, with what became of them. */
type Seen = Map<number, Simulated>;

function* looks(given: Simulation, seen: Seen | undefined): Generator<Simulated> {
  const way = new Way(given);
  let nextAt = nextSlot(given.schedule, given.from);
  while (nextAt !== undefined || way.isSetLater) {
    const { isStep, isBack } = way.go(nextAt ?? Number.POSITIVE_INFINITY);
    const { now } = way;
    if (now > given.to && !way.isSetLater) return;
    if (isBack && seen) nextAt = setBack(given.schedule, { now, nextAt, seen });
    if (nextAt === undefined || nextAt > now) continue;
    const due = dueSlots({ ...given, nextAt, isRunning: false }, now);
    for (const { slot, outcome } of due.slots) {
      if (seen?.has(slot)) continue;
      const told = toldOf(given, { slot, outcome, isStep, isCut: due.slots.length > MAX_TOLD });
      seen?.set(slot, told);
      if (slot <= given.to) yield told;
    }
    nextAt = due.nextAt;
  }
}

/** What was not run at a time that has not come is due again; what was run is not. */
function setBack(
  schedule: Simulation["schedule"],
  { now, nextAt, seen }: { now: number; nextAt: number | undefined; seen: Seen },
): number | undefined {
  const future = [...seen].filter(([slot]) => slot > now);
  if (future.length === 0) return nextAt;
  for (const [slot, { outcome }] of future) if (outcome === "missed" || outcome === "coalesced") seen.delete(slot);
  const next = nextSlot(schedule, now);
  return next === undefined || nextAt === undefined ? (next ?? nextAt) : Math.min(next, nextAt);
}

/** The way from look to look, through downtimes and clock steps. Times are those of the wall clock. */
class Way {
  readonly #steps: Simulation["steps"][number][];
  readonly #downs: Simulation["downs"][number][];
  /** When the scheduler looks now. */
  now: number;

  constructor({ steps, downs, from }: Simulation) {
    this.#steps = [...steps].sort((a, b) => a.at - b.at);
    this.#downs = [...downs].sort((a, b) => a.from - b.from);
    this.now = from;
  }

  /** Whether the clock is still to be set. */
  get isSetLater(): boolean {
    return this.#steps.length > 0;
  }

  /** Goes to the next look that matters: when `dueAt` has come, when the gateway is up again, or after the clock was set. */
  go(dueAt: number): { isStep: boolean; isBack: boolean } {
    const [down] = this.#downs;
    const [step] = this.#steps;
    const next = Math.max(this.now, dueAt);
    if (down && down.from <= next && (!step || down.from <= step.at)) return this.#rest(down);
    if (!step || step.at > next) {
      this.now = next;
      return { isStep: false, isBack: false };
    }
    this.#steps.shift();
    const at = Math.max(step.at, this.now);
    const again = this.now + (Math.floor((at - this.now) / LOOK_AGAIN_MS) + 1) * LOOK_AGAIN_MS;
    const before = this.now;
    this.now = Math.min(again, next) + step.byMs;
    return { isStep: true, isBack: this.now < before };
  }

  /** The gateway is off, whatever happens to the clock meanwhile. */
  #rest({ to }: Simulation["downs"][number]): { isStep: boolean; isBack: boolean } {
    this.#downs.shift();
    let isBack = false;
    while (this.#steps[0] && this.#steps[0].at < to) isBack = (this.#steps.shift()?.byMs ?? 0) < 0 || isBack;
    this.now = Math.max(this.now, to);
    return { isStep: false, isBack };
  }
}

interface DueSlot {
  readonly slot: number;
  readonly outcome: SlotOutcome;
  readonly isStep: boolean;
  readonly isCut: boolean;
}

function toldOf({ tz, catchUp, downs }: Simulation, { slot, outcome, isStep, isCut }: DueSlot): Simulated {
  const oddity = clockChangeAt(slot, tz);
  const wasDown = downs.some(({ from, to }) => slot >= from && slot < to);
  const late = wasDown ? "down" : isStep ? "clock step" : "late";
  const why = outcome === "fired" ? (oddity ?? "on time") : `${late}; catch-up ${catchUp}`;
  const more = isCut ? "; only the oldest and the newest slots are told" : "";
  return { slot: new Date(slot).toISOString(), local: localTime(slot, tz), outcome, why: `${why}${more}` };
}
