/** Records runs, so that they can be inspected and replayed: in memory while they work, on disk when they end. */
import { invalidRequest } from "../../../base/errors.ts";
import { storageProblem } from "../../../base/process/machine.ts";
import type { Base } from "../../../kit/base.ts";
import type { Agents } from "../../core/agents/agents.ts";
import type { Sessions } from "../../core/sessions/sessions.ts";
import type { Agent } from "../agent/agent.ts";
import { agent as agentEvent } from "../agent/events.ts";
import type { Beginning, RunRecorder } from "../agent/recorder.ts";
import type { Run } from "../agent/run/run.ts";
import type { RunOutcome, RunRecord } from "../agent/run/run-store.ts";
import type { RunObserver } from "../agent/runs.ts";
import type { LoopPorts } from "../agent/turn/loop.ts";
import type { Models } from "../models/models.ts";
import type { ModelRequest } from "../models/port.ts";
import type { Traffic } from "../models/traffic.ts";
import { Draft } from "./draft.ts";
import { recordingFetch } from "./exchange-recorder.ts";
import { fromJson, type KeptEvent, type Recording, toText } from "./recording.ts";
import { RecordingStore } from "./recording-store.ts";
import type { Replay } from "./replay.ts";
import { detailsOf, replayOf, rowOf } from "./report.ts";

export interface RecordingServices extends Base {
  readonly agents: Agents;
  readonly sessions: Sessions;
  readonly models: Models;
  readonly agent: Agent;
}

export class Recordings implements RunRecorder, RunObserver, Traffic, AsyncDisposable {
  readonly #services: RecordingServices;
  readonly #files: RecordingStore;
  readonly #drafts = new Map<string, Draft>();
  readonly #writing = new Map<string, Promise<void>>();
  readonly #listening: Disposable;

  constructor(services: RecordingServices) {
    this.#services = services;
    this.#files = new RecordingStore(services);
    this.#listening = services.bus.on(agentEvent, ({ runId, stream, data }) => this.#heard(runId, { stream, data }));
    services.agent.recorder.fill(this);
    services.agent.runs.observers.add(this);
    services.models.traffic.fill(this);
  }

  /** Removes what is too old, and what a crash left. */
  start(): void {
    this.#files.prune();
    this.#files.tidy();
  }

  /** Whether new runs are kept. */
  get isOn(): boolean {
    return this.#services.agents.settings.defaults.record === "on";
  }

  /** Changes, in the config, whether new runs are kept. */
  async switch(record: "on" | "off"): Promise<void> {
    const { patchConfigText } = await import("../../../base/config/config-edit.ts");
    const { config } = this.#services;
    const { raw, hash } = config.snapshot();
    config.write(patchConfigText(raw ?? "", { agents: { defaults: { record } } }), hash);
  }

  /** Whether a run is kept, or is being written at this moment. */
  has(runId: string): boolean {
    return this.#files.has(runId) || this.#writing.has(runId);
  }

  /** The newest runs, recorded or not. */
  rows(limit: number): ReturnType<typeof rowOf>[] {
    return this.#services.agent.runs.newest(limit).map((record) => this.#row(record));
  }

  /** What happened in a run. Throws `INVALID_REQUEST` when it is not known. */
  async details(runId: string): Promise<ReturnType<typeof detailsOf>> {
    await Promise.all(this.#writing.values());
    const record = this.#services.agent.runs.record(runId);
    if (!record) throw invalidRequest(`run ${runId.slice(0, 100)} is not known; runs are kept for a week`);
    return detailsOf(this.#row(record), record, await this.#files.get(runId));
  }

  /** The recording of a run as plain JSON. Throws as `require` does. */
  async exported(runId: string): Promise<unknown> {
    return JSON.parse(toText(await this.require(runId)));
  }

  /** What came of a replay, in the wire's words. */
  report(recording: Recording, replay: Replay): ReturnType<typeof replayOf> {
    return replayOf(recording, replay);
  }

  /** The recording of a run. Throws `INVALID_REQUEST` when there is none. */
  async require(runId: string): Promise<Recording> {
    await Promise.all(this.#writing.values());
    const recording = await this.#files.get(runId);
    if (recording) return recording;
    const why = this.#services.agent.runs.record(runId) ? "was not recorded" : "is not known";
    throw invalidRequest(`run ${runId.slice(0, 100)} ${why}; runs are kept while agents.defaults.record is "on"`);
  }

  /** The recording in what somebody exported. Throws `INVALID_REQUEST` when it is none. */
  read(exported: unknown): Recording {
    const recording = fromJson(exported);
    if (recording) return recording;
    throw invalidRequest("this is not a recording; `moltbot runs export` writes one");
  }

  /** Replays a recording. Throws `UNAVAILABLE` when it does not end; rejects when the signal aborts. */
  async replay(recording: Recording, signal: AbortSignal): Promise<Replay> {
    const { clock, models, host } = this.#services;
    const { replay } = await import("./replay.ts");
    return await replay(recording, { clock, models, redact: (text) => host.redact(text), signal });
  }

  watch(run: Run, ports: LoopPorts, beginning: Beginning): LoopPorts {
    return this.#drafts.get(run.id)?.watch(ports, beginning, run) ?? ports;
  }

  asked(request: ModelRequest): void {
    if (request.runId !== undefined) this.#drafts.get(request.runId)?.asked(request);
  }

  fetchFor(runId: string, fetch: typeof globalThis.fetch): typeof fetch {
    const draft = this.#drafts.get(runId);
    return draft ? recordingFetch(fetch, draft, this.#services.clock) : fetch;
  }

  ended({ id }: RunRecord, outcome: RunOutcome): void {
    const draft = this.#drafts.get(id);
    if (draft) draft.outcome = outcome;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listening[Symbol.dispose]();
    this.#drafts.clear();
    await Promise.all(this.#writing.values());
  }

  #heard(runId: string, event: KeptEvent): void {
    const { phase } = event.data;
    const isLife = event.stream === "lifecycle";
    if (isLife && phase === "start") this.#begin(runId);
    const draft = this.#drafts.get(runId);
    draft?.event(event);
    if (!draft || !isLife || phase === "start") return;
    this.#drafts.delete(runId);
    const { log } = this.#services;
    if (draft.isTooLong) return log.warn("a run was too long to be recorded", { runId });
    const recording = draft.finish();
    if (!recording) return;
    this.#writing.set(
      runId,
      this.#keep(recording).finally(() => this.#writing.delete(runId)),
    );
  }

  #row(record: RunRecord): ReturnType<typeof rowOf> {
    const agentId = this.#services.sessions.agentOf(record.sessionKey);
    return rowOf(record, { agentId, recorded: this.has(record.id) });
  }

  #begin(runId: string): void {
    const record = this.isOn ? this.#services.agent.runs.record(runId) : undefined;
    if (record) this.#drafts.set(runId, new Draft(record, this.#services.clock));
  }

  async #keep(recording: Recording): Promise<void> {
    const runId = recording.run.id;
    try {
      await this.#files.put(runId, this.#services.host.redact(toText(recording)));
    } catch (error) {
      this.#services.log.warn("a run was not recorded", { runId, problem: storageProblem(error) ?? error });
    }
  }
}
