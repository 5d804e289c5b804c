/** Counts what happens, and tells it as text for Prometheus. What can be read when somebody asks is not counted before. */
import { statSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { databasePath } from "../../../base/files.ts";
import type { Caller } from "../../../kit/access.ts";
import type { Base } from "../../../kit/base.ts";
import { isForeignPage } from "../../../kit/http.ts";
import type { Agent } from "../../agent/agent/agent.ts";
import type { CountedCall, Usage } from "../../agent/usage/usage.ts";
import { changed as cronChanged } from "../../automation/cron/events.ts";
import { heartbeat } from "../../automation/heartbeat/events.ts";
import type { Messaging } from "../../surfaces/messaging/messaging.ts";
import { Counter, gauge, Histogram } from "./families.ts";
import { LoopLag } from "./loop-lag.ts";
import { metrics } from "./settings.ts";

interface MetricsServices extends Base {
  readonly usage: Usage;
  readonly agent: Agent;
  readonly messaging: Messaging;
}

const PATH = "/metrics";
/** Source: Prometheus, exposition formats. */
const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
const RUN_BOUNDS = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
const CALL_BOUNDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30];

export class Metrics implements Disposable {
  readonly #services: MetricsServices;
  readonly #isOn: boolean;
  readonly #stack = new DisposableStack();
  readonly #lag: LoopLag;
  /** The role of each connection that is open. */
  readonly #roles = new Map<string, string>();
  readonly #messages = new Counter({
    name: "moltbot_messages_total",
    help: "Messages that came in over channels, by what became of them.",
  });
  readonly #sent = new Counter({
    name: "moltbot_messages_sent_total",
    help: "Messages of the outbox that came to their end: sent, failed, or unknown.",
  });
  readonly #runs = new Histogram({
    name: "moltbot_run_seconds",
    help: "How long runs of agents took, from their acceptance to their end.",
    bounds: RUN_BOUNDS,
  });
  readonly #tokens = new Counter({ name: "moltbot_model_tokens_total", help: "Tokens that models took." });
  readonly #cost = new Counter({
    name: "moltbot_model_cost_usd_total",
    help: "What models cost in US dollars, where their price is known.",
  });
  readonly #cron = new Counter({
    name: "moltbot_cron_slots_total",
    help: "Times at which jobs ran, by their outcome.",
  });
  readonly #heartbeats = new Counter({ name: "moltbot_heartbeat_total", help: "Heartbeats, by what came of them." });
  readonly #calls = new Histogram({
    name: "moltbot_rpc_seconds",
    help: "How long requests of the protocol took, to their last answer.",
    bounds: CALL_BOUNDS,
  });

  constructor(services: MetricsServices) {
    this.#services = services;
    this.#lag = this.#stack.use(new LoopLag(services.clock));
    this.#isOn = services.config.of(metrics).current.enabled;
    if (this.#isOn) this.#listen();
  }

  /** As a route of the gateway's HTTP port. */
  matches(path: string): boolean {
    return path === PATH;
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    const { host } = this.#services;
    if (!this.#isOn) return answer(response, 404, "Turn it on with `moltbot config set metrics.enabled true`.\n");
    if (request.method !== "GET" && request.method !== "HEAD")
      return answer(response.setHeader("Allow", "GET, HEAD"), 405, "Method Not Allowed\n");
    // Programs of this machine may look without the secret: nothing here names anybody.
    const isLocal = !isForeignPage(request.headers) && host.sourceOf(request).isLocal;
    const verdict = isLocal ? { kind: "granted" } : host.authorize(request);
    if (verdict.kind === "locked")
      return answer(response.setHeader("Retry-After", "60"), 429, "Too many wrong tokens\n");
    if (verdict.kind === "foreign-page") return answer(response, 403, "Pages of other origins may not look\n");
    if (verdict.kind !== "granted")
      return answer(
        response.setHeader("WWW-Authenticate", "Bearer"),
        401,
        "Show the gateway's token as a bearer token\n",
      );
    const text = this.text();
    response.writeHead(200, {
      ...{ "Content-Type": CONTENT_TYPE, "Cache-Control": "no-store" },
      "Content-Length": Buffer.byteLength(text),
    });
    response.end(request.method === "HEAD" ? undefined : text);
  }

  /** All figures as they are now. */
  text(): string {
    const { messaging } = this.#services;
    const roles = Map.groupBy(this.#roles.values(), (role) => role);
    return [
      this.#messages.text(),
      this.#sent.text(),
      gauge(
        { name: "moltbot_outbox", help: "Messages that wait to be sent." },
        messaging.outbox.entries.waiting().map(({ channel, state, count }) => [{ channel, state }, count] as const),
      ),
      this.#runs.text(),
      this.#tokens.text(),
      this.#cost.text(),
      this.#cron.text(),
      this.#heartbeats.text(),
      gauge(
        { name: "moltbot_accounts_up", help: "Accounts of channels that are connected." },
        [...messaging.accountStatus.accountsUp()].map(([channel, count]) => [{ channel }, count] as const),
      ),
      gauge(
        { name: "moltbot_ws_clients", help: "Connections that are let in." },
        ["operator", "node"].map((role) => [{ role }, roles.get(role)?.length ?? 0] as const),
      ),
      this.#calls.text(),
      gauge(
        { name: "moltbot_event_loop_lag_seconds", help: "How late the event loop was since the last look." },
        this.#lag.read().map(([which, seconds]) => [{ which }, seconds] as const),
      ),
      ...this.#process(),
    ].join("");
  }

  [Symbol.dispose](): void {
    this.#stack.dispose();
  }

  #listen(): void {
    const { agent, bus, clock, host, messaging, usage } = this.#services;
    this.#stack.use(
      agent.runs.observers.add({
        ended: ({ source, acceptedAt }, { kind }) =>
          this.#runs.observe({ source, outcome: kind }, Math.max(0, clock.now() - acceptedAt) / 1_000),
      }),
    );
    this.#stack.use(
      messaging.watchers.add({
        decided: ({ channel, outcome }) => this.#messages.add({ channel, outcome }),
        settled: ({ channel, state }) => this.#sent.add({ channel, outcome: state }),
      }),
    );
    this.#stack.use(usage.watchers.add({ called: (call) => this.#count(call) }));
    this.#stack.use(
      bus.on(cronChanged, ({ action, status = "ok" }) => {
        if (action === "finished") this.#cron.add({ outcome: status });
      }),
    );
    this.#stack.use(bus.on(heartbeat, ({ status }) => this.#heartbeats.add({ outcome: status })));
    this.#stack.use(host.calls.add({ answered: (method, tookMs) => this.#calls.observe({ method }, tookMs / 1_000) }));
    this.#stack.use(
      host.connections.add({
        opened: ({ connId, role }: Caller) => {
          this.#roles.set(connId, role);
          return {};
        },
        closed: (connId) => void this.#roles.delete(connId),
      }),
    );
  }

  #count({ provider, input, output, cacheRead, cacheWrite, usd }: CountedCall): void {
    const kinds = { input, output, cache_read: cacheRead, cache_write: cacheWrite };
    for (const [kind, tokens] of Object.entries(kinds)) if (tokens > 0) this.#tokens.add({ provider, kind }, tokens);
    if (usd !== undefined) this.#cost.add({ provider }, usd);
  }

  #process(): string[] {
    const { clock, database, stateDir, version } = this.#services;
    const { copiedAt } = database.state;
    const path = databasePath(stateDir);
    const bytes = [path, `${path}-wal`].map((each) => statSync(each, { throwIfNoEntry: false })?.size ?? 0);
    return [
      gauge({ name: "moltbot_rss_bytes", help: "Memory that the process holds." }, [[{}, process.memoryUsage.rss()]]),
      gauge({ name: "moltbot_store_bytes", help: "Size of the database and its journal." }, [
        [{ file: "database" }, bytes[0] ?? 0],
        [{ file: "journal" }, bytes[1] ?? 0],
      ]),
      gauge(
        { name: "moltbot_backup_age_seconds", help: "Age of the newest copy of the database." },
        copiedAt === undefined ? [] : [[{}, Math.max(0, clock.now() - copiedAt) / 1_000]],
      ),
      gauge({ name: "moltbot_build_info", help: "The version that runs." }, [[{ version, node: process.version }, 1]]),
    ];
  }
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" }).end(text);
}
