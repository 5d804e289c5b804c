/** Tries a schedule on a clock that moves by itself: the rules of the real scheduler, with downtimes and clock steps. */
import { dueSlots, MAX_TOLD, type SlotOutcome, type Waiting } from "./due.ts";
import { localTime, oddityAt } from "./local-time.ts";
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

/** What would become of each slot, in the order in which the scheduler sees them. */
export function* simulate(given: Simulation): Generator<Simulated> {
  const steps = [...given.steps].sort((a, b) => a.at - b.at);
  let nextAt = nextSlot(given.schedule, given.from);
  let now = given.from;
  while (nextAt !== undefined) {
    const [step] = steps;
    const isStep = step !== undefined && step.at <= Math.max(now, nextAt);
    const awakeAt = upAt(isStep ? step.at : Math.max(now, nextAt), given.downs);
    now = awakeAt;
    if (isStep) {
      steps.shift();
      now = upAt(step.at + step.byMs, step.byMs > 0 ? given.downs : []);
    }
    if (now > given.to) return;
    const due = dueSlots({ ...given, nextAt, isRunning: false }, now);
    for (const { slot, outcome } of due.slots)
      yield told(given, { slot, outcome, isStep, isCut: due.slots.length > MAX_TOLD });
    nextAt = due.nextAt;
  }
}

function upAt(at: number, downs: Simulation["downs"]): number {
  const down = downs.find(({ from, to }) => at >= from && at < to);
  return down ? upAt(down.to, downs) : at;
}

interface Seen {
  readonly slot: number;
  readonly outcome: SlotOutcome;
  readonly isStep: boolean;
  readonly isCut: boolean;
}

function told({ tz, catchUp, downs }: Simulation, { slot, outcome, isStep, isCut }: Seen): Simulated {
  const oddity = oddityAt(slot, tz);
  const wasDown = downs.some(({ from, to }) => slot >= from && slot < to);
  const late = wasDown ? "down" : isStep ? "clock step" : "late";
  const why = outcome === "fired" ? (oddity ?? "on time") : `${late}; catch-up ${catchUp}`;
  const more = isCut ? "; only the oldest and the newest slots are told" : "";
  return { slot: new Date(slot).toISOString(), local: localTime(slot, tz), outcome, why: `${why}${more}` };
}
