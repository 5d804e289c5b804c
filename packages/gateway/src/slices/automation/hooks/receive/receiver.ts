/** Receives one call: let in or refused by its headers, read, proved, recognised when it was here before, and done. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { isRecord } from "../../../../base/config/config.ts";
import { answerJson, CLOSE, guardAnswers, isCompressed, readBody } from "../../../../kit/http.ts";
import { readAgentAction, readWake } from "../actions/action.ts";
import { performMapped } from "../actions/mapped.ts";
import { isFor } from "../actions/mapping.ts";
import { type ActionContext, performAgent, performWake } from "../actions/perform.ts";
import { visibleHeaders } from "../actions/template.ts";
import type { Answer, Deliveries } from "../deliveries.ts";
import type { HookServices } from "../services.ts";
import type { HooksSettings } from "../settings.ts";
import { Admission, type HookRequest, type Opened } from "./admission.ts";
import { nameOf, routeAt } from "./hook-route.ts";
import { IdempotentDeliveries } from "./idempotent-deliveries.ts";
import { RateWindow } from "./rate-window.ts";
import { nameCall, nameDelivery, payloadIn } from "./read.ts";
import { type HookRefusal, refusalOf, refused, refusedEarly, retryAfter } from "./refusal.ts";

/** Calls at once; bodies and transforms must not pile up. */
const MAX_AT_ONCE = 50;
/** Refused calls that are written down in a minute; strangers can cause them. */
const MAX_NOTED = 60;

/** A call whose body was read and whose sender is known. */
interface Call extends HookRequest {
  readonly body: Buffer;
  readonly open: Opened;
}

export class Receiver {
  readonly #services: HookServices;
  readonly #deliveries: Deliveries;
  readonly #admission: Admission;
  readonly #once: IdempotentDeliveries;
  readonly #noted: RateWindow;
  #underWay = 0;

  constructor(services: HookServices, deliveries: Deliveries) {
    this.#services = services;
    this.#deliveries = deliveries;
    this.#admission = new Admission(services);
    this.#once = new IdempotentDeliveries(services, deliveries);
    this.#noted = new RateWindow(services.clock);
  }

  /** Answers a call to a path of hooks. */
  async receive(
    request: IncomingMessage,
    response: ServerResponse,
    { path, settings }: { path: string; settings: HooksSettings },
  ): Promise<void> {
    guardAnswers(response, this.#services.guard);
    const hookRequest = {
      request,
      settings,
      route: routeAt(settings, path),
      source: this.#services.host.sourceOf(request),
    };
    try {
      const { status, body } = await this.#answer(hookRequest);
      if (status === 204) response.writeHead(204, { "Cache-Control": "no-store" }).end();
      else answerJson(response, status, body);
    } catch (error) {
      const refusal = refusalOf(error) ?? this.#unexpected(error);
      this.#note(refusal, hookRequest);
      answerJson(response, refusal.status, refusal.body, refusal.headers);
    }
  }

  async #answer(hookRequest: HookRequest): Promise<Answer> {
    const { request, route, settings } = hookRequest;
    const isTrusted = this.#admission.admit(hookRequest);
    if (request.method !== "POST") throw refusedEarly(405, "hooks are called by POST", { Allow: "POST" });
    if (!route.builtIn && route.mappings.length === 0) throw refusedEarly(404, "there is no such hook");
    if (isCompressed(request)) throw refusedEarly(415, "the body must not be compressed");
    if (this.#underWay >= MAX_AT_ONCE)
      throw refusedEarly(503, "too many calls are under way; try again later", retryAfter(5_000));
    this.#underWay++;
    try {
      const body = await readBody(request, {
        ...{ maxBytes: settings.maxBodyBytes, clock: this.#services.clock },
        refuse: (status, message) => refused(status, status === 413 ? "payload too large" : message, CLOSE),
      });
      return await this.#handle({
        ...hookRequest,
        body,
        open: await this.#admission.open(hookRequest, { body, isTrusted }),
      });
    } finally {
      this.#underWay--;
    }
  }

  async #handle(call: Call): Promise<Answer> {
    const { route, request, body, open, settings } = call;
    const scheme = [...open.keys()].find(({ verify }) => verify !== undefined)?.verify?.scheme;
    const payload = payloadIn(body, request.headers["content-type"], scheme);
    if (route.builtIn) return await this.#builtIn(call, route.builtIn, payload);
    const delivered = {
      ...{ path: route.path, payload, at: this.#services.clock.now(), headers: visibleHeaders(request.headers) },
      query: queryOf(request),
    };
    const mapping = [...open.keys()].find((each) => isFor(each, delivered));
    if (!mapping) throw refused(404, "no mapping is for this delivery");
    if (mapping.problem !== undefined) throw refused(503, "this hook is not set up; see `moltbot hooks list`");
    const naming = nameDelivery(mapping, delivered, { headers: request.headers, mark: open.get(mapping) });
    const hook = { name: mapping.id, maxPerMinute: settings.maxPerMinute };
    const arrival = { hook: mapping.id, source: call.source.address, bytes: body.length, ...naming };
    return await this.#once.do(naming, hook, () =>
      performMapped(this.#performing(call), { mapping, delivered }, arrival),
    );
  }

  async #builtIn(call: Call, name: "wake" | "agent", payload: unknown): Promise<Answer> {
    if (!isRecord(payload)) throw refused(400, "the body must be a JSON object");
    const naming = nameCall(name, call.request.headers, payload);
    const arrival = { hook: name, source: call.source.address, bytes: call.body.length, ...naming };
    const { maxPerMinute } = call.settings;
    const answer = await this.#once.do(naming, { name, maxPerMinute }, async () =>
      name === "wake"
        ? performWake(this.#performing(call), readWake(payload), arrival)
        : performAgent(this.#performing(call), readAgentAction(payload, "caller"), arrival),
    );
    return payload.waitForCompletion === true ? await this.#completed(answer) : answer;
  }

  /** The answer with the end of its run, for a caller who waits for it. */
  async #completed(answer: Answer): Promise<Answer> {
    const { runs } = this.#services.agent;
    const known = typeof answer.body.runId === "string" ? runs.known(answer.body.runId) : undefined;
    if (!known) return answer;
    const { outcome } = known.kind === "open" ? await known.run.finished : known.result;
    const completion = {
      ...{ status: outcome.kind, text: outcome.text },
      ...(outcome.kind === "error" && { error: outcome.error }),
    };
    return { status: 200, body: { ...answer.body, completion } };
  }

  #performing({ settings, request }: HookRequest): ActionContext {
    const { traceparent } = request.headers;
    return { services: this.#services, deliveries: this.#deliveries, settings, traceparent };
  }

  #unexpected(error: unknown): HookRefusal {
    const explanation = this.#services.database.explain(error, "a hook met an unexpected error");
    return explanation ? refused(503, explanation.says, retryAfter(5_000)) : refused(500, "internal error");
  }

  /** Writes down a refused call; only so many, because strangers can cause them. */
  #note({ status, body, reason }: HookRefusal, { request, source, route }: HookRequest): void {
    const { database } = this.#services;
    if (this.#noted.waitMs("all", MAX_NOTED) > 0) return;
    this.#noted.take("all");
    const bytes = Math.max(0, Math.trunc(Number(request.headers["content-length"] ?? 0))) || 0;
    const outcome = status === 500 ? "failed" : "refused";
    try {
      this.#deliveries.add({
        ...{ hook: nameOf(route), source: source.address, outcome, status, reason },
        ...{ body: body as Answer["body"], bytes: Math.min(bytes, Number.MAX_SAFE_INTEGER) },
      });
    } catch (error) {
      database.explain(error, "a refused call of a hook could not be written down");
    }
  }
}

/** The query for templates: without the token, which is nobody's text. */
function queryOf({ url = "/" }: IncomingMessage): Record<string, string> {
  const { token: _token, ...query } = Object.fromEntries(new URL(url, "http://localhost").searchParams);
  return query;
}
