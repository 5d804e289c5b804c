/** Sends traces where a collector is named. Without one nothing is loaded, and nobody listens. */
import { defined } from "../../../base/defined.ts";
import type { Base } from "../../../kit/base.ts";
import type { Agent } from "../../agent/agent/agent.ts";
import type { Models } from "../../agent/models/models.ts";
import type { Usage } from "../../agent/usage/usage.ts";
import type { Messaging } from "../../surfaces/messaging/messaging.ts";
import { JoinedTraces, ownTraceOf } from "./joined.ts";
import { headersIn } from "./keys.ts";
import { traces } from "./settings.ts";

export interface TracesServices extends Base {
  readonly models: Models;
  readonly usage: Usage;
  readonly agent: Agent;
  readonly messaging: Messaging;
}

export class Traces implements AsyncDisposable {
  readonly #services: TracesServices;
  readonly #endpoint: string | undefined;
  readonly #joined: JoinedTraces;
  #tracer: Promise<AsyncDisposable> | undefined;
  #isOver = false;

  constructor(services: TracesServices) {
    const { config, env, messaging, models } = services;
    this.#services = services;
    this.#joined = new JoinedTraces((runId) => ownTraceOf(messaging, runId));
    this.#endpoint = endpointOf(config.of(traces).current.endpoint, env);
    if (this.#endpoint === undefined) return;
    messaging.tracing.fill({ isOn: true });
    models.tracing.fill(this.#joined);
  }

  start(): void {
    const url = this.#endpoint;
    if (url !== undefined) this.#tracer = this.#open(url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await (await this.#tracer)?.[Symbol.asyncDispose]();
  }

  async #open(url: string): Promise<AsyncDisposable> {
    const { config, env, log } = this.#services;
    const [{ Exporter }, { Tracer }] = await Promise.all([import("./exporter.ts"), import("./tracer.ts")]);
    const { authorization } = config.of(traces).current;
    const headers = { ...headersIn(env), ...defined({ authorization }) };
    const exporter = new Exporter({ ...this.#services, url, headers });
    if (this.#isOver) return exporter;
    log.info("traces are sent", { to: new URL(url).origin });
    return new Tracer(this.#services, { exporter, joined: this.#joined });
  }
}

/** The address for traces: the setting or the general variable with the usual path, or the variable for traces as it is. */
function endpointOf(setting: string | undefined, env: Base["env"]): string | undefined {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === "true") return undefined;
  const exact = setting === undefined ? env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?.trim() : undefined;
  if (exact && URL.canParse(exact)) return exact;
  const base = setting ?? env.OTEL_EXPORTER_OTLP_ENDPOINT?.trim();
  if (!base || !URL.canParse(base)) return undefined;
  return /\/v1\/traces\/?$/.test(base) ? base : `${base.replace(/\/+$/, "")}/v1/traces`;
}
