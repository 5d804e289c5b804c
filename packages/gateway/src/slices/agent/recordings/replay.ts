/** Runs a recording through the same loop again. Nothing outside is touched: no provider, no tool, no session. */

import { Bus } from "../../../base/bus.ts";
import { GatewayError, messageOf } from "../../../base/errors.ts";
import type { Clock } from "../../../base/time/clock.ts";
import { within } from "../../../base/time/deadline.ts";
import { aborted, done, failed, loop, Run } from "../agent/agent.ts";
import { agent as agentEvent } from "../agent/events.ts";
import type { RunOutcome } from "../agent/run/run-store.ts";
import { ModelError, type Models } from "../models/models.ts";
import { comparable, type Difference, differenceOf } from "./difference.ts";
import { Player } from "./player.ts";
import { type KeptEvent, type Recording, toText } from "./recording.ts";

/** The result of a replay. */
export interface Replay {
  readonly text: string;
  readonly events: readonly KeptEvent[];
  readonly requests: number;
  readonly differences: readonly Difference[];
  readonly durationMs: number;
}

export interface ReplayOptions {
  readonly clock: Clock;
  readonly models: Models;
  readonly redact: (text: string) => string;
  readonly signal: AbortSignal;
}

const LIMIT_MS = 60_000;

/** Replays a recording. Rejects with the signal's reason, or when it takes longer than a minute. */
export async function replay(recording: Recording, { clock, models, redact, signal }: ReplayOptions): Promise<Replay> {
  const player = new Player(recording, { clock, redact });
  const bus = new Bus();
  const events: KeptEvent[] = [];
  bus.on(agentEvent, ({ stream, data }) => void events.push({ stream, data }));
  const run = new Run(recordOf(recording), {
    bus,
    clock,
    isQuiet: false,
    isVerbose: () => false,
    settled: (text) => text,
  });
  const limit = new AbortController();
  using _timer = clock.after(LIMIT_MS, () => limit.abort(tooLong()));
  const began = clock.monotonic();
  run.began(clock.now());
  run.restore(recording.restored === "" ? [] : [recording.restored]);
  const outcome = await within(outcomeOf(run, recording, player, models), {
    signal: AbortSignal.any([signal, limit.signal]),
  });
  run.events.ended(outcome, { startedAt: clock.now(), endedAt: clock.now() }, undefined);
  const seen = JSON.parse(redact(JSON.stringify(comparable(events)))) as unknown[];
  return {
    text: outcome.text,
    events,
    requests: player.requests,
    durationMs: Math.round(clock.monotonic() - began),
    differences: [...player.differences, ...differencesOf(comparable(recording.events), seen), ...missing(player)],
  };
}

/** Follows the loop to its end, or to the place where the run was stopped. */
async function outcomeOf(run: Run, recording: Recording, player: Player, models: Models): Promise<RunOutcome> {
  const { pending, messages } = recording.beginning;
  const { provider, id } = recording.question.model;
  const by = { provider: provider.id, model: id };
  try {
    const steps = loop(player.ports(models.played(player)), messages, pending);
    for (;;) {
      const next = await within(steps.next(), { signal: player.signal });
      if (next.done) break;
      run.take(next.value);
    }
    return done(run, by, run.stopReason);
  } catch (error) {
    const { outcome } = recording;
    if (player.signal.aborted && outcome.kind === "aborted") return aborted(run, outcome.reason, by);
    const isAnswer = error instanceof ModelError || error instanceof GatewayError;
    return failed(run, isAnswer ? error.message : `internal error: ${messageOf(error)}`.slice(0, 300), by);
  }
}

/** The run as if it had just been accepted, in a session that nobody knows. */
function recordOf({ run }: Recording) {
  return {
    ...run,
    id: `replay:${run.id}`,
    sessionKey: "",
    sessionId: "",
    principal: "replay",
    attempts: 1,
    partial: "",
    outcome: undefined,
    request: { message: run.message, timeoutMs: LIMIT_MS, starter: { scopes: [], name: "replay" } },
  };
}

function differencesOf(recorded: readonly unknown[], replayed: readonly unknown[]): Difference[] {
  const [a, b] = [recorded, replayed].map((list) => JSON.parse(toText(list as never)) as unknown[]) as [
    unknown[],
    unknown[],
  ];
  const found = Array.from({ length: Math.max(a.length, b.length) }, (_, index) =>
    differenceOf(`event ${index + 1}`, a[index], b[index]),
  );
  return found.filter((each) => each !== undefined).slice(0, 20);
}

/** Requests that were made then and not now. */
function missing({ requests, unasked }: Player): Difference[] {
  return unasked.map(({ method, url }, index) => {
    return { at: `request ${requests + index + 1}`, recorded: `${method} ${url}`, replayed: "none" };
  });
}

function tooLong(): GatewayError {
  return new GatewayError("UNAVAILABLE", `The replay did not end within ${LIMIT_MS / 1000} s and was stopped.`);
}
