/** Finds differences between a replay and its recording. */
import { isRecord } from "../../../base/config/config.ts";
import type { KeptEvent } from "./recording.ts";

/** One place, and what is there in each. */
export interface Difference {
  readonly at: string;
  readonly recorded: string;
  readonly replayed: string;
}

const MAX_CHARS = 200;

/** The first place where two JSON values differ; undefined when they are the same. */
export function differenceOf(at: string, recorded: unknown, replayed: unknown): Difference | undefined {
  if (Object.is(recorded, replayed)) return undefined;
  if (Array.isArray(recorded) && Array.isArray(replayed)) {
    return firstOf(Math.max(recorded.length, replayed.length), (index) =>
      differenceOf(`${at}[${index}]`, recorded[index], replayed[index]),
    );
  }
  if (isRecord(recorded) && isRecord(replayed)) {
    const keys = [...new Set([...Object.keys(recorded), ...Object.keys(replayed)])];
    return firstOf(keys.length, (index) => {
      const key = keys[index]!;
      return differenceOf(`${at}.${key}`, recorded[key], replayed[key]);
    });
  }
  return { at, recorded: shown(recorded), replayed: shown(replayed) };
}

function firstOf(count: number, compare: (index: number) => Difference | undefined): Difference | undefined {
  for (let index = 0; index < count; index++) {
    const difference = compare(index);
    if (difference) return difference;
  }
  return undefined;
}

function shown(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)}…` : text;
}

/**
 * The events of a run without what no replay can repeat: times, how the text was cut into pieces, and when the
 * conversation was made shorter. The whole text comes last.
 */
export function comparable(events: readonly KeptEvent[]): unknown[] {
  const text = events.findLast(({ stream }) => stream === "assistant")?.data.text;
  const others = events.filter(({ stream }) => stream !== "assistant" && stream !== "compaction");
  return [
    ...others.map(({ stream, data: { startedAt: _s, endedAt: _e, durationMs: _d, verbose: _v, ...data } }) => ({
      stream,
      ...data,
    })),
    { stream: "assistant", text },
  ];
}
