// Answers the calls of the gateway: in view or not, allowed or asked about, done, and written into the log.

import { type GatewayClient, isRecord } from "@moltbot/protocol";
import { ignore } from "../../ignore.ts";
import { said, t } from "../../words/t.ts";
import type { CommandCall, NodeCommand } from "../commands/command.ts";
import { badParams, failureOf, NodeFailure } from "../commands/failure.ts";
import type { Params } from "../commands/params.ts";
import { type Answer, CONSENTS, type Consents } from "./consent.ts";
import type { ConsentPrompts } from "./consent-prompts.ts";
import type { Journal } from "./journal.ts";

/** What answering needs. */
export interface CallMeans {
  readonly deviceId: string;
  readonly commands: ReadonlyMap<string, NodeCommand>;
  readonly consents: Consents;
  readonly asking: ConsentPrompts;
  readonly journal: Journal;
  /** Is told that something happened that the page shows. */
  changed(): void;
}

interface Request {
  readonly id: string;
  readonly command: string;
  readonly params: unknown;
  readonly timeoutMs: number;
  readonly askedBy: string;
}

/** How much sooner than the caller a call ends here, so that its end is told in time; ms. */
const EARLY_MS = 500;

export class Calls {
  readonly #means: CallMeans;
  readonly #open = new Map<string, AbortController>();

  constructor(means: CallMeans) {
    this.#means = means;
  }

  /** Answers one call; what it answers does not depend on whether anybody hears it. */
  async take(client: Pick<GatewayClient, "request">, payload: unknown): Promise<void> {
    const request = requestIn(payload);
    if (!request || this.#open.has(request.id)) return;
    const abort = new AbortController();
    this.#open.set(request.id, abort);
    const late = new NodeFailure("TIMEOUT", "the time for this call is over");
    const timer =
      request.timeoutMs > 0
        ? setTimeout(() => abort.abort(late), Math.max(1, request.timeoutMs - EARLY_MS))
        : undefined;
    const result = await this.#answer(request, abort.signal);
    clearTimeout(timer);
    if (!this.#open.delete(request.id)) return; // cancelled
    await client
      .request("node.invoke.result", { id: request.id, nodeId: this.#means.deviceId, ...result })
      .catch((error: unknown) => ignore(error, "the connection has ended, and its calls with it"));
  }

  /** Stops a call for which nobody waits; it is not answered. */
  cancel(payload: unknown): void {
    const id = isRecord(payload) ? String(payload.invokeId ?? "") : "";
    const abort = this.#open.get(id);
    this.#open.delete(id);
    abort?.abort(new NodeFailure("CANCELLED", "nobody waits for it any more"));
  }

  /** Stops all calls, because the connection has ended. */
  end(): void {
    for (const id of [...this.#open.keys()]) this.cancel({ invokeId: id });
  }

  async #answer(request: Request, signal: AbortSignal): Promise<{ ok: boolean; payloadJSON?: string; error?: object }> {
    const { command: name, askedBy } = request;
    let allowed: string | undefined;
    try {
      const command = this.#means.commands.get(name);
      if (!command) throw badParams(`unknown command ${name}`);
      if (!isRecord(request.params)) throw badParams("params must be an object");
      const params: Params = request.params;
      allowed = await this.#allowed(command, { params, signal }, askedBy);
      const payload = await unlessAborted(command.run({ params, signal }), signal);
      this.#note(request, { outcome: allowed, isRefused: false });
      return { ok: true, payloadJSON: JSON.stringify(payload) };
    } catch (error) {
      const { code, message, text } = failureOf(error);
      this.#note(request, { outcome: t("Refused: {0}", text), isRefused: true });
      return { ok: false, error: { code, message } };
    }
  }

  /** How the call was allowed, in words for the log. Throws `NodeFailure` when it was not. */
  async #allowed(command: NodeCommand, { params, signal }: CommandCall, askedBy: string): Promise<string> {
    if (document.visibilityState === "hidden" && !command.worksHidden)
      throw new NodeFailure("NODE_BACKGROUND_UNAVAILABLE", "the page is in the background; open it on the device");
    const { consents, asking } = this.#means;
    const consent = CONSENTS.find(({ id }) => id === command.name)!;
    const what = command.asksFor(params);
    const verdict = consents.verdict(consent);
    if (verdict === "no") throw new NodeFailure(consent.refusal, "the person at the device does not allow this");
    if (verdict === "yes")
      return consents.allowedUntil(consent) ? t("Done, allowed for ten minutes") : t("Done, always allowed");
    const decision = await asking.ask({ consent, what, askedBy }, signal);
    if (decision === undefined) throw new NodeFailure(consent.refusal, "nobody answered on the device in time");
    if (!consents.answered(consent, decision))
      throw new NodeFailure(consent.refusal, "the person at the device said no");
    return t("Done, {0}", t(ALLOWED[decision.answer]));
  }

  #note({ command, askedBy }: Request, entry: { outcome: string; isRefused: boolean }): void {
    this.#means.journal.add({ command, askedBy, ...entry });
    this.#means.changed();
  }
}

const ALLOWED: Readonly<Record<Answer, string>> = {
  once: said("allowed once"),
  "ten-minutes": said("allowed for ten minutes"),
  always: said("always allowed"),
  no: said("not allowed"),
};

function requestIn(payload: unknown): Request | undefined {
  if (!isRecord(payload) || typeof payload.id !== "string" || typeof payload.command !== "string") return undefined;
  const { id, command, paramsJSON, timeoutMs, askedBy } = payload;
  return {
    ...{ id, command, params: paramsIn(paramsJSON), timeoutMs: typeof timeoutMs === "number" ? timeoutMs : 0 },
    askedBy: typeof askedBy === "string" && askedBy !== "" ? askedBy.slice(0, 100) : t("The gateway"),
  };
}

function paramsIn(text: unknown): unknown {
  if (typeof text !== "string") return {};
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // refused where it is used
  }
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  return await Promise.race([work, promise]).finally(() => signal.removeEventListener("abort", stop));
}
