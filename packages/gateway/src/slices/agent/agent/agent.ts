/** What the agents do: their runs, and what those rest on. Who the agents are is said by core/agents. */

import type { Static } from "@sinclair/typebox";
import { ignore, invalidRequest } from "../../../base/errors.ts";
import { within } from "../../../base/time/deadline.ts";
import type { Caller } from "../../../kit/access.ts";
import type { Base } from "../../../kit/base.ts";
import type { Command } from "../../../kit/command.ts";
import { Port } from "../../../kit/port.ts";
import type { StoredPart } from "../../core/sessions/messages/stored-message.ts";
import type { RunTracing } from "../models/run-tracing.ts";
import { ExternalAgents } from "./acp/external-agents.ts";
import { type Approving, NOTHING_ALLOWED } from "./approving.ts";
import { Commands, type Invocation, type MeantBy } from "./commands/builtin.ts";
import { commandEntries, laterCommandEntries } from "./commands/command-entries.ts";
import { Delegations } from "./delegations/delegations.ts";
import { type Recordings, withPdfTexts, withTranscripts } from "./intake/attachments.ts";
import {
  type AgentParams,
  type Conversation,
  requestConversation,
  requestReply,
  requestRun,
  requireAgent,
  type SendParams,
} from "./intake/request.ts";
import type { ChannelLookup } from "./intake/request-fields.ts";
import { Notes } from "./notes.ts";
import { type Compacted, Compaction, type CompactRequest } from "./prompt/compaction.ts";
import { reportOf } from "./prompt/prompt-of-run.ts";
import type { RunRecorder } from "./recorder.ts";
import { type Accepted, acceptedOf, type KnownRun } from "./run/known-run.ts";
import { finalAnswer, waitAnswer } from "./run/report.ts";
import type { RunResult } from "./run/run.ts";
import type { AbortReason } from "./run/run-store.ts";
import { Runs } from "./runs.ts";
import type { CommandEntry, CommandEntryV3 } from "./schema.ts";
import type { AgentServices } from "./services.ts";
import { type ToolRules, tools as toolSettings } from "./settings.ts";
import { toolEntries } from "./toolbox/tool-entries.ts";
import { Toolbox } from "./toolbox/toolbox.ts";
import { AnswerRouter } from "./turn/answer-router.ts";

/** Functions that slices below use. */
export { type Recording, readAttachments, storeAttachments, withPdfTexts } from "./intake/attachments.ts";
export { readContent } from "./intake/file-content.ts";
export { cleanMessage } from "./intake/text.ts";
export { toolWords } from "./prompt/history.ts";
export { errorOf } from "./run/report.ts";
export { Run } from "./run/run.ts";
export { aborted, done, failed } from "./run/run-ends.ts";
export { audienceOf } from "./toolbox/tool-policy.ts";
export { pictureOf } from "./tools/picture.ts";
export { hasSpoken, loop } from "./turn/loop.ts";

export class Agent {
  readonly runs: Runs;
  readonly notes: Notes;
  /** Runs that other runs have started. */
  readonly delegations: Delegations;
  /** Answers questions about channels. Filled by messaging. */
  readonly channels = new Port<ChannelLookup>({
    knows: () => false,
    normalSender: (key) => key.trim(),
    route: () => undefined,
  });
  /** Takes recordings that clients send. Filled by messaging. */
  readonly recordings = new Port<Recordings>({ take: async () => undefined });
  /** Decides about commands, and asks people. Filled by approvals. */
  readonly approvals = new Port<Approving>(NOTHING_ALLOWED);
  /** Records runs for replay. Filled by recordings. */
  readonly recorder = new Port<RunRecorder>({ watch: (_run, ports) => ports, asked() {} });
  readonly toolbox: Toolbox;
  /** Agents that are programs of their own. */
  readonly external: ExternalAgents;
  readonly compaction: Compaction;
  readonly #services: AgentServices;
  readonly #commands: Commands;

  /** `services` is the one gateway object, which tools and commands get too; later slices are added to it. */
  constructor(services: AgentServices) {
    this.#services = services;
    this.#commands = new Commands(() => services.host.commands());
    this.toolbox = new Toolbox({
      builtin: () => services.host.tools(),
      clock: services.clock,
      settings: () => this.toolRules,
      policyOf: (agentId) => services.agents.of(agentId)?.tools,
      gateway: services,
    });
    this.external = new ExternalAgents(services, {
      toolbox: this.toolbox,
      approvals: this.approvals,
      record: (runId) => this.runs.record(runId),
    });
    this.notes = new Notes(services);
    this.compaction = new Compaction(services, this);
    this.runs = new Runs(services, new AnswerRouter(services, this));
    this.delegations = new Delegations(services, this);
    this.runs.observers.add(this.delegations);
  }

  /** Takes the traces of callers, and names those of runs. */
  get tracing(): RunTracing {
    return this.#services.models.tracing.now;
  }

  /**
   * Resumes interrupted runs. It is called before the first request, because a retry must find its run, and nothing may
   * overtake it.
   */
  resume(): void {
    this.runs.resume();
    this.delegations.tellAll();
  }

  /** Looks for model servers on this machine without waiting for them. */
  start(): void {
    void this.#services.models.lookAround();
  }

  /** Interrupts the runs; they go on after the next start. */
  async stop(): Promise<void> {
    this.delegations[Symbol.dispose]();
    await this.runs.stop();
    await this.external[Symbol.asyncDispose]();
  }

  /**
   * Replaces every attached PDF by its text, and every recording by its words. A repeated request is left as it is: its
   * run has them. Throws the signal's reason.
   */
  async withFiles<Params extends { readonly attachments?: readonly unknown[]; readonly idempotencyKey: string }>(
    params: Params,
    signal: AbortSignal,
  ): Promise<Params> {
    const { attachments, idempotencyKey } = params;
    if (attachments === undefined || this.runs.known(idempotencyKey) !== undefined) return params;
    const read = await withPdfTexts(attachments, { clock: this.#services.clock, signal });
    return { ...params, attachments: await withTranscripts(read, { recordings: this.recordings.now, signal }) };
  }

  /** Starts the run that the `agent` method asks for, or finds the one of its key. Throws what is wrong with the request. */
  request(params: AgentParams, caller: Caller, results: readonly StoredPart[] = []): Accepted {
    return requestRun(this.#services, this, params, { caller, results });
  }

  /** Starts the run of a chat message; undefined when it is new, else the run that the key started. Throws as `request` does. */
  reply(params: SendParams, caller: Caller): KnownRun | undefined {
    return requestReply(this.#services, this, params, caller);
  }

  /** Starts the run of a message from a channel, with what `also` writes in one transaction. Throws as `request` does. */
  converse(conversation: Conversation, also: () => void): void {
    requestConversation(this.#services, this, conversation, also);
  }

  /** The commands that can be typed in any conversation, for menus. */
  get commands(): readonly Command[] {
    return this.#commands.all;
  }

  /** The commands that a caller may type in a conversation. Throws `INVALID_REQUEST` when the session key is not one. */
  commandEntries(sessionKey: string | undefined, { scopes }: Pick<Caller, "scopes">): Static<typeof CommandEntryV3>[] {
    const { sessions } = this.#services;
    const key = sessionKey === undefined ? sessions.mainKey() : sessions.canonical(sessionKey);
    return commandEntries(this.commands, { scopes: [...scopes], sessionKey: key, gateway: this.gateway });
  }

  /** The commands for clients of protocol 4. */
  laterCommandEntries(sessionKey: string | undefined, caller: Pick<Caller, "scopes">): Static<typeof CommandEntry>[] {
    return laterCommandEntries(this.commandEntries(sessionKey, caller));
  }

  /** The tools, and why a model may not use each when the caller speaks to it in a conversation. */
  toolEntries(spelledKey: string | undefined, caller: Caller, signal: AbortSignal): ReturnType<typeof toolEntries> {
    const { toolbox } = this;
    const { sessions } = this.#services;
    return toolEntries({ toolbox, sessions }, spelledKey, caller, signal);
  }

  /** The command that a message beginning with a slash calls. */
  slashCommand(message: string): Invocation | undefined {
    return this.#commands.slash(message);
  }

  /** The command that a message begins with, slash or not. */
  looseCommand(message: string): Invocation | undefined {
    return this.#commands.loose(message);
  }

  /** The command that a sentence without a slash means. */
  async meantCommand(message: string, by: MeantBy): Promise<Invocation | undefined> {
    return await this.#commands.meant(message, by);
  }

  /** The gateway object that commands and tools get. */
  get gateway(): Base {
    return this.#services;
  }

  /** The final answer of the `agent` method. Throws `UNAVAILABLE` when the run failed. */
  report(runId: string, result: RunResult): ReturnType<typeof finalAnswer> {
    return finalAnswer(runId, result);
  }

  /** The end of a run; "timeout" when it has not ended in that time, or is unknown. Rejects when the signal aborts. */
  async wait(
    runId: string,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<ReturnType<typeof waitAnswer> | { runId: string; status: "timeout" }> {
    const limit = new AbortController();
    const either = AbortSignal.any([limit.signal, signal]);
    using _timer = this.#services.clock.after(timeoutMs, () => limit.abort());
    const finished = this.runs.whenKnown(runId, either).then((run) => acceptedOf(run).finished);
    const result = await within(finished, { signal: either }).catch((error: unknown) =>
      ignore(error, "the time is up before the run was known, or has ended"),
    );
    limit.abort();
    return result ? waitAnswer(runId, result) : { runId, status: "timeout" };
  }

  /** The agent whose identity is asked for. Throws `INVALID_REQUEST` when key and id name different ones. */
  requireIdentity(params: { agentId?: string; sessionKey?: string }): string {
    const { sessions } = this.#services;
    const named = requireAgent("agent.identity.get", params, this.#services);
    return (
      named ?? sessions.agentOf(params.sessionKey?.trim() ? sessions.canonical(params.sessionKey) : sessions.mainKey())
    );
  }

  /** A report of the system prompt of a run in a session, or in an agent's main one. Throws `INVALID_REQUEST`. */
  async promptReport(
    params: { agentId?: string; sessionKey?: string },
    options: { caller: Caller; full: boolean; signal: AbortSignal },
  ): ReturnType<typeof reportOf> {
    const { sessions } = this.#services;
    const named = requireAgent("agent.prompt", params, this.#services);
    const sessionKey = params.sessionKey?.trim() ? sessions.canonical(params.sessionKey) : sessions.mainKey(named);
    return await reportOf(
      this.#services,
      this,
      { agentId: named ?? sessions.agentOf(sessionKey), sessionKey },
      options,
    );
  }

  /** The current rules for tools. */
  get toolRules(): ToolRules {
    return {
      ...this.#services.config.of(toolSettings).current,
      normalSender: (key) => this.channels.now.normalSender(key),
    };
  }

  /**
   * Sums up all but the last turn of a conversation for a person. Throws `INVALID_REQUEST` when no model is connected,
   * and the errors of asking it.
   */
  async compact(request: Pick<CompactRequest, "sessionKey" | "runId" | "signal" | "instructions">): Promise<Compacted> {
    const { chosen } = this.#services.models;
    const model = chosen.modelOf(request.sessionKey);
    if (!model) throw invalidRequest("No model is connected that could write a summary; see /model.");
    return await this.compaction.compact({ ...request, model: chosen.summaryModel(model), keepTokens: 0 });
  }

  /** The number of working and waiting runs, without the one that asks. */
  counts(exceptRun: string): { active: number; queued: number } {
    const open = this.runs.open().filter(({ id }) => id !== exceptRun);
    const active = open.filter(({ hasBegun }) => hasBegun).length;
    return { active, queued: open.length - active };
  }

  /** Ends the runs of a session and its sub-agents, except the one that asks; returns how many. */
  abortSession(sessionKey: string, reason: AbortReason, exceptRun: string): number {
    const runs = this.runs.open().filter(({ id, record }) => record.sessionKey === sessionKey && id !== exceptRun);
    for (const run of runs) this.runs.abort(run, reason);
    return runs.length + this.delegations.abortUnder(sessionKey, reason);
  }

  /** Whether a session has no run any more, after `limitMs` at the latest. */
  async whenIdle(sessionKey: string, limitMs: number): Promise<boolean> {
    const runs = this.runs.open().filter(({ record }) => record.sessionKey === sessionKey);
    if (runs.length === 0) return true;
    const idle = Promise.all(runs.map(({ finished }) => finished)).then(() => true);
    return (await within(idle, { ms: limitMs, clock: this.#services.clock })) ?? false;
  }
}
