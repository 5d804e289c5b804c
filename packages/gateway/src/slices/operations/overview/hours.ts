/** What happened in each of the last hours, from what runs, inbox and outbox count. */

const HOUR_MS = 3_600_000;

interface Counted {
  readonly hour: number;
  readonly count: number;
}

/** Who counts. `since` is the beginning of the oldest hour, epoch ms; hours are counted from 1970. */
export interface Counters {
  readonly runs: { byHour(since: number): readonly (Counted & { readonly failed: number })[] };
  readonly inbox: { byHour(since: number): readonly (Counted & { readonly lost: number })[] };
  readonly outbox: { byHour(since: number): readonly (Counted & { readonly lost: number })[] };
}

/** The last `count` hours up to `now`, the oldest first; an hour in which nothing happened is all zeros. */
export function hoursOf({ runs, inbox, outbox }: Counters, now: number, count: number) {
  const first = Math.floor(now / HOUR_MS) - count + 1;
  const since = first * HOUR_MS;
  const inboxOf = byHour(inbox.byHour(since));
  const outboxOf = byHour(outbox.byHour(since));
  const runsOf = byHour(runs.byHour(since));
  return Array.from({ length: count }, (_, at) => {
    const hour = first + at;
    return {
      at: hour * HOUR_MS,
      in: inboxOf.get(hour)?.count ?? 0,
      out: outboxOf.get(hour)?.count ?? 0,
      lost: (inboxOf.get(hour)?.lost ?? 0) + (outboxOf.get(hour)?.lost ?? 0),
      runs: runsOf.get(hour)?.count ?? 0,
      failed: runsOf.get(hour)?.failed ?? 0,
    };
  });
}

function byHour<Row extends Counted>(rows: readonly Row[]): ReadonlyMap<number, Row> {
  return new Map(rows.map((row) => [row.hour, row]));
}
