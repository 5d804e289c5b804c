/** Joins messages into one turn: first on disk in one transaction, then for everyone who waits for them. */

import type { Run, Steered } from "../run/run.ts";
import { merged, type RunEnds } from "../run/run-ends.ts";
import type { RunStore } from "../run/run-store.ts";
import type { AgentServices } from "../services.ts";
import { omittedNote } from "./queue.ts";

export interface RunMergerOptions {
  readonly services: AgentServices;
  readonly store: RunStore;
  readonly ends: RunEnds;
  /** The run of an id, as long as it has not ended. */
  find(id: string): Run | undefined;
  /** Called when a run has become part of another. */
  gone(run: Run): void;
}

export class RunMerger {
  readonly #options: RunMergerOptions;

  constructor(options: RunMergerOptions) {
    this.#options = options;
  }

  /**
   * Begins a run and makes earlier messages part of it, in order after what was said meanwhile. Throws when the disk
   * refuses.
   */
  begin(leader: Run, others: readonly Run[]): void {
    const { services, store, ends } = this.#options;
    const begin = () => {
      const begunAt = store.begin(leader.id);
      // The messages of an earlier attempt are already in their place.
      if (leader.record.startedAt !== undefined) return { startedAt: begunAt, endings: [] };
      this.#gather(leader, others);
      return { startedAt: begunAt, endings: ends.recordMerge(others, leader) };
    };
    // A run that a power cut takes back to its start begins once more. One that was interrupted before may be the cause, so
    // its tries are counted on disk.
    const isFirst = leader.record.attempts === 0;
    const { startedAt, endings } = isFirst ? services.store.unsynced(begin) : services.store.transaction(begin);
    this.#merged(others, leader, endings);
    leader.began(startedAt);
  }

  /** Takes messages into the run under way; those that need no further answer become part of it. */
  hear(run: Run, said: readonly Steered[]): readonly Steered[] {
    const { services, ends, find } = this.#options;
    const { transcript } = services.sessions;
    const heard = said.filter(({ runId }) => find(runId) !== undefined);
    const taken = heard.flatMap(({ runId, isKept }) => (isKept ? [] : [find(runId)!]));
    const ids = taken.map(({ id }) => id);
    const endings = services.store.transaction(() => {
      transcript.moveToEnd(transcript.placesOf(run.record.sessionId, ids), run.id);
      return ends.recordMerge(taken, run);
    });
    this.#merged(taken, run, endings);
    return heard;
  }

  /** Moves the messages of a turn together, after the reply that they waited for. */
  #gather({ id, record: { sessionKey: key, sessionId, request } }: Run, others: readonly Run[]): void {
    const { transcript } = this.#options.services.sessions;
    const places = transcript.placesOf(sessionId, [...others.map((run) => run.id), id]);
    const omitted = [...others.flatMap(({ record }) => record.request.omitted ?? []), ...(request.omitted ?? [])];
    const [first] = places;
    if (first === undefined) return;
    if (omitted.length === 0 && places.length === 1 && transcript.isLast(sessionId, first)) return;
    if (omitted.length > 0) {
      transcript.append({ key, sessionId }, { role: "system", content: omittedNote(omitted), runId: id });
    }
    transcript.moveToEnd(places, id);
  }

  /** Has callers that wait for one of the runs wait for the other one. */
  #merged(runs: readonly Run[], into: Run, endings: readonly number[]): void {
    for (const [index, run] of runs.entries()) {
      this.#options.gone(run);
      run.mergeInto(into);
      const times = { startedAt: undefined, endedAt: endings[index] ?? into.acceptedAt };
      run.events.ended(merged(into.id), times, undefined);
    }
  }
}
