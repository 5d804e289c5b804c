// What the overview rests on, read over the protocol client; kept while the page is closed, for the count in the sidebar.

import type {
  ChannelsStatusResult,
  DevicePairListResult,
  ExecApprovalListResult,
  GatewayClient,
  HealthSummary,
  NodePairListResult,
  PairingListResult,
  UpdateCheckResult,
  UsageStatusResult,
} from "@moltbot/protocol";
import { ignore } from "../ignore.ts";
import { loaded } from "../loaded.ts";
import type { PageHost, PageService } from "../view.ts";
import type { Todo } from "./todo.ts";

/** What the gateway has said; a part is undefined until then, and where the connection may not ask. */
export interface Facts {
  readonly approvals?: ExecApprovalListResult | undefined;
  readonly senders?: PairingListResult | undefined;
  readonly devices?: DevicePairListResult | undefined;
  readonly nodes?: NodePairListResult | undefined;
  readonly channels?: ChannelsStatusResult | undefined;
  readonly usage?: UsageStatusResult | undefined;
  readonly health?: HealthSummary | undefined;
  /** Asked for while the page is open only: the answer may come from the registry. */
  readonly update?: UpdateCheckResult | undefined;
}

/** The facts, and what is to be done about them. */
export interface OverviewState {
  readonly facts: Facts;
  readonly todos: readonly Todo[];
}

/** After which events which facts are read again. */
const NEWS = {
  "exec.approval.requested": "approvals",
  "exec.approval.resolved": "approvals",
  "pairing.requested": "senders",
  "pairing.resolved": "senders",
  "device.pair.requested": "devices",
  "device.pair.resolved": "devices",
  "node.pair.requested": "nodes",
  "node.pair.resolved": "nodes",
  "channels.changed": "channels",
  "usage.budget": "usage",
} as const;

/** What somebody waits for. */
const PEOPLE: ReadonlySet<Todo["kind"]> = new Set(["approval", "sender", "device", "node"]);

/** Many events are one look, ms. */
const CALM_MS = 250;

/** The facts of one page. */
export class OverviewFacts implements PageService {
  #state: OverviewState = { facts: {}, todos: [] };
  #facts: Facts = {};
  readonly #host: PageHost;
  readonly #due = new Set<keyof Facts>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: PageHost) {
    this.#host = host;
  }

  get state(): OverviewState {
    return this.#state;
  }

  /** Who waits for a person is left out: codes of senders and commands are worth something to others. */
  get kept(): OverviewState {
    const { channels, usage, health } = this.#facts;
    return { facts: { channels, usage, health }, todos: this.#state.todos.filter(({ kind }) => !PEOPLE.has(kind)) };
  }

  restore(state: unknown): void {
    this.#state = state as OverviewState;
    this.#facts = this.#state.facts;
    this.#host.onChange();
  }

  listen(client: GatewayClient): void {
    for (const [event, fact] of Object.entries(NEWS)) client.on(event, () => this.readSoon(fact));
    client.on("health", (health) => void this.#set({ health: health as HealthSummary }));
  }

  async refresh(): Promise<void> {
    await Promise.all(
      (["approvals", "senders", "devices", "nodes", "channels", "usage", "health"] as const).map((fact) =>
        this.read(fact),
      ),
    );
  }

  /** Reads a fact in a moment; many calls are one. */
  readSoon(fact: keyof Facts): void {
    this.#due.add(fact);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const due = [...this.#due];
      this.#due.clear();
      for (const each of due) void this.read(each);
    }, CALM_MS);
  }

  /** Reads a fact, where the gateway has it and the connection may ask. */
  async read(fact: keyof Facts): Promise<void> {
    const [method, scope] = METHODS[fact];
    if (!this.#host.offers(method) || !this.#host.may(scope)) return;
    // The registry may be out of reach, and nobody has asked for this: no notice on whatever page is shown by then.
    const unasked = (error: unknown) => ignore(error, "the next look asks again");
    const isUnasked = fact === "update";
    const answer = await (isUnasked ? this.#host.gateway().request(method).catch(unasked) : this.#host.ask(method));
    if (answer !== undefined) await this.#set({ [fact]: answer });
  }

  /** What is to be done is worked out in a script of its own: the first view of the chat does not wait for it. */
  async #set(change: Facts): Promise<void> {
    this.#facts = { ...this.#facts, ...change };
    const todo = await this.#host.attempt(() => loaded(import("./todo.ts")));
    if (todo === undefined) return;
    this.#state = { facts: this.#facts, todos: todo.todosOf(this.#facts) };
    this.#host.onChange();
  }
}

const METHODS = {
  approvals: ["exec.approval.list", "approvals"],
  senders: ["pairing.list", "pairing"],
  devices: ["device.pair.list", "pairing"],
  nodes: ["node.pair.list", "pairing"],
  channels: ["channels.status", "read"],
  usage: ["usage.status", "read"],
  health: ["health", "read"],
  update: ["update.check", "admin"],
} as const;
