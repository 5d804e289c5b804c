/**
 * Lists the tools of a run and calls them: arguments are checked, time and output are bounded, and every failure is an
 * answer.
 */

import { Kind } from "@sinclair/typebox";
import { defined } from "../../../../base/defined.ts";
import { GatewayError, messageOf, TellableError } from "../../../../base/errors.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import { onAbort } from "../../../../base/time/deadline.ts";
import type { Base } from "../../../../kit/base.ts";
import { ManyPort } from "../../../../kit/port.ts";
import { type Schema, validationText } from "../../../../kit/schema/validate.ts";
import type { Tool, ToolLimits, ToolResult, ToolRun } from "../../../../kit/tool.ts";
import type { ToolPolicy, ToolRules } from "../settings.ts";
import { allowedTools, limitsOf, refusalOf } from "./tool-policy.ts";

/** Tools that are known only when a run asks: those of other programs. */
export interface ToolSource {
  /** The tools for a run. Names must differ from built-in tools. Never throws: a source with a problem has no tools. */
  toolsFor(run: ToolRun, signal: AbortSignal): Promise<readonly Tool[]>;
}

/** One call of a model. */
export interface ToolRequest {
  readonly callId: string;
  readonly name: string;
  /** Undefined when what the model wrote is not a JSON object. */
  readonly args: unknown;
  readonly raw: string;
}

export interface ToolboxOptions {
  builtin(): readonly Tool[];
  readonly clock: Clock;
  settings(): ToolRules;
  /** The policy of an agent. */
  policyOf(agentId: string): ToolPolicy | undefined;
  /** The gateway object that tools get. */
  readonly gateway: Base;
}

const TIMEOUT_MS = 120_000;
const MAX_CHARS = 30_000;
const MAX_IMAGES = 8;
const MAX_IMAGES_BYTES = 16_000_000;
const MAX_META_CHARS = 4_000;
const UPDATE_MS = 100;
const MAX_UPDATE_CHARS = 4_000;
/** The time for a stopped tool to end by itself. */
const GRACE_MS = 1_000;

export class Toolbox {
  readonly #options: ToolboxOptions;
  /** Sources of further tools, such as MCP servers. */
  readonly sources = new ManyPort<ToolSource>();

  constructor(options: ToolboxOptions) {
    this.#options = options;
  }

  /** All built-in tools, whoever may use them. */
  get builtin(): readonly Tool[] {
    return this.#options.builtin();
  }

  /** The tools that a run may use. */
  async toolsFor(run: ToolRun, signal: AbortSignal): Promise<Tool[]> {
    const { settings, policyOf, gateway } = this.#options;
    const ready = (await this.#all(run, signal)).filter((tool) => tool.missing?.(gateway) === undefined);
    return allowedTools(ready, run, settings(), policyOf(run.agentId));
  }

  /** The limits for a run that works for this one. */
  limitsOf(run: ToolRun): ToolLimits[] {
    const { settings, policyOf } = this.#options;
    return limitsOf(run, settings(), policyOf(run.agentId));
  }

  /** Every tool, and why a run may not use it. */
  async explain(run: ToolRun, signal: AbortSignal): Promise<{ tool: Tool; why: string | undefined }[]> {
    const { settings, policyOf, gateway } = this.#options;
    const policy = policyOf(run.agentId);
    return (await this.#all(run, signal)).map((tool) => ({
      tool,
      why: refusalOf(tool, run, settings(), policy) ?? tool.missing?.(gateway),
    }));
  }

  async #all(run: ToolRun, signal: AbortSignal): Promise<Tool[]> {
    const others = await Promise.all([...this.sources].map((source) => source.toolsFor(run, signal)));
    return [...this.#options.builtin(), ...others.flat()];
  }

  #read(tool: Tool, args: unknown): { params?: unknown; problem?: string | undefined } {
    try {
      const params = tool.tidy ? tool.tidy(args, this.#options.gateway) : args;
      // Tools of other programs check their arguments themselves, with any JSON Schema.
      return { params, problem: Kind in tool.params ? validationText(tool.params as Schema, params) : undefined };
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      return { problem: error.message };
    }
  }

  /** Calls a tool. Throws only the signal's reason; any other failure is an answer for the model. */
  async call(
    { callId, name, args, raw }: ToolRequest,
    {
      run,
      tools,
      signal,
      update,
    }: { run: ToolRun; tools: readonly Tool[]; signal: AbortSignal; update(text: string): void },
  ): Promise<ToolResult> {
    signal.throwIfAborted();
    const tool = tools.find((each) => each.name === name);
    if (!tool) return failed(`There is no tool "${name.slice(0, 64)}" here; there are ${listed(tools)}.`);
    if (args === undefined)
      return failed(`The arguments are not a JSON object: ${raw.slice(0, 200)}. Call ${name} again.`);
    const { params, problem } = this.#read(tool, args);
    if (problem !== undefined)
      return failed(`The arguments of ${name} are not right: ${problem}. Correct them and call again.`);
    const { clock, gateway, settings, policyOf } = this.#options;
    // The settings may have changed since the run began.
    const why = refusalOf(tool, run, settings(), policyOf(run.agentId));
    if (why !== undefined) return failed(`${name} may not be used: ${why}.`);
    const timeoutMs = tool.timeoutMs ?? TIMEOUT_MS;
    const limit = new AbortController();
    using _timer = clock.after(timeoutMs, () => limit.abort(new TellableError("the tool took too long")));
    const within = AbortSignal.any([signal, limit.signal]);
    try {
      const call = { params, callId, run, gateway, signal: within, update: seldom(update, clock) };
      const result = await abandoned(
        Promise.resolve().then(() => tool.run(call)),
        within,
        clock,
      );
      return bounded(typeof result === "string" ? { text: result } : result, tool.maxChars ?? MAX_CHARS);
    } catch (error) {
      signal.throwIfAborted();
      if (limit.signal.aborted) return failed(`${name} did not end within ${timeoutMs / 1000} s and was stopped.`);
      if (!(error instanceof GatewayError)) gateway.log.warn("a tool failed", { tool: name, error });
      return failed(`${name}: ${messageOf(error)}`.slice(0, 2_000));
    }
  }
}

/** A failure as an answer for the model. */
export function failed(text: string): ToolResult {
  return { text, isError: true };
}

/**
 * The result of the work. After the signal aborts it is awaited for a moment only, even if the work ignores the signal.
 */
async function abandoned<T>(work: Promise<T>, signal: AbortSignal, clock: Clock): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  using grace = new DisposableStack();
  using _aborted = onAbort(signal, () => void grace.use(clock.after(GRACE_MS, () => reject(signal.reason))));
  return await Promise.race([work, late]);
}

/** Limits progress to ten updates a second. */
function seldom(update: (text: string) => void, clock: Clock): (text: string) => void {
  let toldAt = Number.NEGATIVE_INFINITY;
  return (text) => {
    const now = clock.monotonic();
    if (now - toldAt < UPDATE_MS) return;
    toldAt = now;
    update(text.slice(-MAX_UPDATE_CHARS).toWellFormed());
  };
}

/** Bounds a result for models, transcripts and watchers; says what was left out. */
function bounded({ text, images = [], isError, meta }: ToolResult, maxChars: number): ToolResult {
  const shown = images.filter(
    (_image, index) => index < MAX_IMAGES && bytesOf(images.slice(0, index + 1)) <= MAX_IMAGES_BYTES,
  );
  const lost = images.length - shown.length;
  const note = lost === 0 ? "" : `\n\n[${lost} of ${images.length} pictures left out]`;
  const isSmall = meta === undefined || JSON.stringify(meta).length <= MAX_META_CHARS;
  return {
    text: `${shortened(text.toWellFormed(), maxChars)}${note}`,
    ...(shown.length > 0 && { images: shown }),
    ...defined({ isError }),
    ...(meta && isSmall && { meta }),
  };
}

function bytesOf(images: NonNullable<ToolResult["images"]>): number {
  return images.reduce((sum, { data }) => sum + data.byteLength, 0);
}

function shortened(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const half = Math.floor(maxChars / 2);
  const cut = `\n\n[… ${text.length - 2 * half} of ${text.length} characters left out …]\n\n`;
  return `${text.slice(0, half)}${cut}${text.slice(-half)}`.toWellFormed();
}

function listed(tools: readonly Tool[]): string {
  return tools.length === 0
    ? "none"
    : tools
        .map(({ name }) => name)
        .join(", ")
        .slice(0, 1_000);
}
