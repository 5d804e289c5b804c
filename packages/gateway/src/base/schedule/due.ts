/** What becomes of the slots of a job that are due: the rules of catching up, without a clock and without a store. */
import { nextSlot, type Schedule } from "./schedule.ts";

/** Which of the slots that were missed are still run. */
export type CatchUp = "latest" | "all" | "none";

/** `late` is a slot that is run after its time, `coalesced` one that came while its job was still running. */
export type SlotOutcome = "fired" | "late" | "missed" | "coalesced";

export interface DueSlot {
  /** Epoch ms. */
  readonly slot: number;
  readonly outcome: SlotOutcome;
}

/** How a job is caught up with, and the slot that is waited for. */
export interface Waiting {
  readonly schedule: Schedule;
  readonly catchUp: CatchUp;
  /** A slot that is older than this is not run any more, ms. */
  readonly graceMs: number;
  /** The slot that is waited for, epoch ms. */
  readonly nextAt: number;
  readonly isRunning: boolean;
}

export interface Due {
  /** Oldest first. */
  readonly slots: readonly DueSlot[];
  /** The slot to wait for now; undefined when none is left. */
  readonly nextAt: number | undefined;
}

/** Timers are seldom late by more; a slot that is run later than this counts as late, ms. */
export const LATE_AFTER_MS = 30_000;
/** How many missed slots are run with `all`. */
export const MAX_CAUGHT_UP = 10;
/** How many due slots are told one by one; of more, the oldest and the newest are told. */
export const MAX_TOLD = 200;

/** The slots that are due at `now`. The next slot follows from the last one, never from `now`. */
export function dueSlots(waiting: Waiting, now: number): Due {
  if (waiting.nextAt > now) return { slots: [], nextAt: waiting.nextAt };
  const due = slotsUntil(waiting, now);
  const newest = due.at(-1) ?? waiting.nextAt;
  return { slots: outcomesOf(waiting, due, now), nextAt: nextSlot(waiting.schedule, newest) };
}

function outcomesOf({ catchUp, graceMs, isRunning }: Waiting, due: readonly number[], now: number): DueSlot[] {
  if (isRunning) return due.map((slot) => ({ slot, outcome: "coalesced" }));
  const most = catchUp === "all" ? MAX_CAUGHT_UP : 1;
  const oldest = catchUp === "none" ? now - LATE_AFTER_MS : now - graceMs;
  return due.map((slot, index) => {
    if (index < due.length - most || slot < oldest) return { slot, outcome: "missed" };
    return { slot, outcome: now - slot > LATE_AFTER_MS ? "late" : "fired" };
  });
}

/** Slots that come more often than this are not told one by one: each look takes the newest, ms. */
const SHORTEST_EVERY_MS = 1_000;

/** The due slots, oldest first. When they are too many to tell, those in the middle are left out. */
function slotsUntil({ schedule, nextAt }: Waiting, now: number): number[] {
  if (schedule.kind === "every" && schedule.everyMs < SHORTEST_EVERY_MS)
    return lastOfEvery(schedule.everyMs, nextAt, now).slice(-1);
  const first: number[] = [];
  for (let slot: number | undefined = nextAt; slot !== undefined && slot <= now; slot = nextSlot(schedule, slot)) {
    if (first.length === MAX_TOLD) return [...first, ...newestSlots(schedule, slot, now)];
    first.push(slot);
  }
  return first;
}

/** The newest slots from `from` to `now`: those of the shortest of some spans that holds enough of them. */
function newestSlots(schedule: Schedule, from: number, now: number): number[] {
  for (let span = 60_000; ; span *= 8) {
    const begin = Math.max(from, now - span) - 1;
    const slots = lastOf(schedule, begin, now);
    if (slots.length >= MAX_CAUGHT_UP || begin < from) return slots;
  }
}

function lastOf(schedule: Schedule, after: number, now: number): number[] {
  if (schedule.kind === "every") return lastOfEvery(schedule.everyMs, nextSlot(schedule, after), now);
  const slots: number[] = [];
  for (let slot = nextSlot(schedule, after); slot !== undefined && slot <= now; slot = nextSlot(schedule, slot))
    slots.push(slot);
  return slots.slice(-MAX_CAUGHT_UP);
}

function lastOfEvery(everyMs: number, first: number | undefined, now: number): number[] {
  if (first === undefined || first > now) return [];
  const count = Math.floor((now - first) / everyMs) + 1;
  const told = Math.min(count, MAX_CAUGHT_UP);
  return Array.from({ length: told }, (_, index) => first + (count - told + index) * everyMs);
}
