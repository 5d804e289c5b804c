/**
 * The HTTP API on the gateway's port: chat completions, responses and single tools for programs that speak OpenAI's
 * API. A request is let in, or refused, before a byte of its body is read (security: requests).
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { newId } from "../../../base/ids.ts";
import type { Caller } from "../../../kit/access.ts";
import type { HttpEndpoints, HttpVerdict } from "../../../kit/host.ts";
import { answerJson, CLOSE, guardAnswers, Refusal } from "../../../kit/http.ts";
import type { Call, HttpServices } from "./call.ts";
import { chatCompletions } from "./chat-completions.ts";
import { clientGone, readJson, refusalOf, refused } from "./exchange.ts";
import { responses } from "./responses.ts";
import { modelNames, namedAgent } from "./target.ts";
import { toolsInvoke } from "./tools-invoke.ts";

interface Endpoint {
  readonly method: "GET" | "POST";
  readonly maxBytes: number;
  readonly isOn: (on: HttpEndpoints) => boolean;
  /** What to set where it is off. */
  readonly setting?: string;
  /** The endpoint is on by default; nobody has switched it on by name. */
  readonly isUnasked?: true;
  readonly answer: (call: Call) => void | Promise<void>;
}

const MIB = 1024 * 1024;
/** The most requests at once. Agents queue by themselves, but bodies must not pile up. */
const MAX_AT_ONCE = 100;

const CHAT = "gateway.http.endpoints.chatCompletions.enabled";
const RESPONSES = "gateway.http.endpoints.responses.enabled";
const isEither = (on: HttpEndpoints) => on.chatCompletions || on.responses;

const ENDPOINTS: ReadonlyMap<string, Endpoint> = new Map<string, Endpoint>([
  ["/tools/invoke", { method: "POST", maxBytes: 2 * MIB, isOn: () => true, isUnasked: true, answer: toolsInvoke }],
  [
    "/v1/chat/completions",
    { method: "POST", maxBytes: MIB, isOn: (on) => on.chatCompletions, setting: CHAT, answer: chatCompletions },
  ],
  [
    "/v1/responses",
    { method: "POST", maxBytes: 20 * MIB, isOn: (on) => on.responses, setting: RESPONSES, answer: responses },
  ],
  ["/v1/models", { method: "GET", maxBytes: 0, isOn: isEither, setting: CHAT, answer: models }],
]);

const MODEL = "/v1/models/";
const ONE_MODEL: Endpoint = { method: "GET", maxBytes: 0, isOn: isEither, setting: CHAT, answer: model };

/** Any other address below `/v1`: programs read its refusal as they read all others. */
const UNKNOWN: Endpoint = { method: "GET", maxBytes: 0, isOn: isEither, answer: () => {} };

function endpointOf(path: string): Endpoint {
  const isModel = path.startsWith(MODEL) && path.length > MODEL.length;
  return ENDPOINTS.get(path) ?? (isModel ? ONE_MODEL : UNKNOWN);
}

const WANTS_DEVICE = {
  error: {
    message:
      "This gateway lets in devices that its owner has approved (gateway.localPairing is ask), and HTTP shows none; connect by WebSocket with a device.",
    type: "forbidden",
  },
};

/** The scopes of callers: they may talk to agents and use their tools, but not change the gateway. */
const SCOPES: ReadonlySet<string> = new Set(["operator.read", "operator.write"]);

export class HttpApi {
  readonly #services: HttpServices;
  #underWay = 0;

  constructor(services: HttpServices) {
    this.#services = services;
  }

  /** As a route of the gateway's HTTP port. */
  matches(path: string): boolean {
    return ENDPOINTS.has(path) || path.startsWith("/v1/");
  }

  async handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const endpoint = endpointOf(path);
    const { guard, host } = this.#services;
    guardAnswers(response, guard);
    // Say what is here only to those who show the secret.
    if (!endpoint.isOn(host.httpEndpoints()) && host.authorize(request).kind !== "granted") {
      return answerText(response, 404, "Not Found");
    }
    // Node's server sends no body in answer to HEAD.
    const method = request.method === "HEAD" ? "GET" : request.method;
    if (method !== endpoint.method && endpoint !== UNKNOWN) {
      return answerText(response.setHeader("Allow", endpoint.method), 405, "Method Not Allowed");
    }
    try {
      const { isLocal } = this.#admit(request);
      if (!endpoint.isOn(host.httpEndpoints())) throw isOff(path, endpoint);
      if (endpoint === UNKNOWN) throw unknownPath(path);
      await this.#answer(endpoint, request, response, { path, isLocal });
    } catch (error) {
      this.#refuse(error, response);
    }
  }

  async #answer(
    endpoint: Endpoint,
    request: IncomingMessage,
    response: ServerResponse,
    { path, isLocal }: { path: string; isLocal: boolean },
  ): Promise<void> {
    const gateway = this.#services;
    if (endpoint.isUnasked && !gateway.host.httpEndpoints().withoutDevice) throw new Refusal(403, WANTS_DEVICE, CLOSE);
    if (this.#underWay >= MAX_AT_ONCE) {
      throw refused(503, `${MAX_AT_ONCE} requests are under way; try again later.`, {
        headers: { "Retry-After": "5" },
      });
    }
    this.#underWay++;
    try {
      const { maxBytes } = endpoint;
      const body = maxBytes === 0 ? {} : await readJson(request, { maxBytes, clock: gateway.clock });
      const signal = clientGone(response);
      const caller = callerOf(isLocal);
      await endpoint.answer({ gateway, headers: request.headers, path, body, response, caller, signal });
    } finally {
      this.#underWay--;
    }
  }

  /** Throws the refusal of a request that does not show the secret; its body stays unread. */
  #admit(request: IncomingMessage): Extract<HttpVerdict, { kind: "granted" }> {
    const verdict = this.#services.host.authorize(request);
    switch (verdict.kind) {
      case "granted":
        return verdict;
      case "unauthorized":
        throw new Refusal(401, { error: { message: "Unauthorized", type: "unauthorized" } }, CLOSE);
      case "foreign-page":
        throw new Refusal(403, { error: { message: "Web pages may not call this.", type: "forbidden" } }, CLOSE);
      case "locked": {
        const seconds = String(Math.ceil(verdict.retryAfterMs / 1000));
        const message = "Too many failed authentication attempts; try again later.";
        throw new Refusal(429, { error: { message, type: "rate_limited" } }, { ...CLOSE, "Retry-After": seconds });
      }
    }
  }

  #refuse(error: unknown, response: ServerResponse): void {
    if (response.destroyed) return;
    const refusal = refusalOf(error);
    const { status, body, headers } = refusal ?? this.#unexpected(error);
    if (response.headersSent) response.destroy();
    else answerJson(response, status, body, headers);
  }

  #unexpected(error: unknown): Refusal {
    const explanation = this.#services.database.explain(error, "an HTTP request met an unexpected error");
    return explanation ? refused(503, explanation.says) : refused(500, "internal error");
  }
}

/** The agents, as models that can be chosen. */
function models({ gateway, response }: Call): void {
  answerJson(response, 200, { object: "list", data: modelNames(gateway.agents).map((id) => entry(id, gateway)) });
}

/** One agent as a model, under any of the names that a request may call it by. Throws a 404 when there is none. */
function model({ gateway, path, response }: Call): void {
  const id = path.slice(MODEL.length);
  const isPlain = /^(?:moltbot|clawdbot|openclaw)$/i.test(id);
  if (!isPlain && namedAgent({}, id, gateway.agents) === undefined) {
    const message = `There is no model "${id.slice(0, 64)}"; there are ${modelNames(gateway.agents).join(", ")}.`;
    throw refused(404, message, { param: "model", code: "model_not_found" });
  }
  answerJson(response, 200, entry(id, gateway));
}

function entry(id: string, { clock, host }: HttpServices) {
  const created = Math.floor((clock.now() - host.overview.now.uptimeMs) / 1000);
  return { id, object: "model", created, owned_by: "moltbot" };
}

function isOff(path: string, { setting = CHAT }: Endpoint): Refusal {
  return refused(404, `${path.slice(0, 64)} is off; set ${setting} to true.`, { code: "not_enabled", headers: CLOSE });
}

function unknownPath(path: string): Refusal {
  const known = [...ENDPOINTS.keys()].filter((each) => each.startsWith("/v1/")).join(", ");
  return refused(404, `There is no ${path.slice(0, 64)}; there are ${known}.`, { code: "unknown_url", headers: CLOSE });
}

/** The caller of the wire that stands for a holder of the secret. */
function callerOf(isLocal: boolean): Caller {
  return {
    connId: newId(),
    protocol: 4,
    role: "operator",
    scopes: SCOPES,
    principal: "shared",
    deviceId: undefined,
    client: { id: "http-api", mode: "backend", version: "", platform: "" },
    caps: [],
    isLocal,
  };
}

function answerText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" }).end(text);
}
