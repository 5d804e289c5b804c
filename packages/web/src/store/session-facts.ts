// What the gateway says about the open session besides its messages: who can answer, what that took, what can be typed.

import { readAgents } from "../agents.ts";
import { readModels } from "../conversation/sessions.ts";
import type { Connection } from "./connection.ts";
import type { PageState } from "./page-state.ts";

/** Agents, models, usage and commands, fetched when they are needed. */
export class SessionFacts {
  readonly #page: PageState;
  readonly #connection: Connection;

  constructor(page: PageState, connection: Connection) {
    this.#page = page;
    this.#connection = connection;
  }

  /** Fetches the agents that are configured. */
  async loadAgents(): Promise<void> {
    const connection = this.#connection;
    const answer = await connection.ask("agents.list");
    if (answer === undefined) return;
    const agents = readAgents(answer);
    const isUsual = ({ id }: { id: string }) => id === answer.defaultId;
    this.#page.set({ agents: [...agents.filter(isUsual), ...agents.filter((agent) => !isUsual(agent))] });
  }

  /** Fetches which models there are, and which of them answers in the open session. */
  async loadModels(): Promise<void> {
    const connection = this.#connection;
    const { sessionKey } = this.#page.now;
    const [answer, status] = await Promise.all([
      connection.ask("models.list"),
      connection.offers("models.status") ? connection.ask("models.status", { sessionKey }) : undefined,
    ]);
    if (answer === undefined || sessionKey !== this.#page.now.sessionKey) return;
    this.#page.set({ models: readModels(answer, status), modelsKnown: true, chosenModel: status?.model ?? undefined });
  }

  /** Fetches what models took in the open session and today. */
  async loadUsage(): Promise<void> {
    const connection = this.#connection;
    if (!connection.offers("usage.status")) return;
    const { sessionKey } = this.#page.now;
    const params = { by: "session", days: 90, limit: 200 } as const;
    const [status, breakdown] = await Promise.all([
      connection.ask("usage.status", { sessionKey }),
      connection.ask("usage.breakdown", params),
    ]);
    if (status === undefined || sessionKey !== this.#page.now.sessionKey) return;
    const { today, budgets } = status;
    const session = breakdown?.rows.find(({ name }) => name === connection.canonical(sessionKey));
    this.#page.set({ usage: { session, today, budgets } });
  }

  /** Fetches what can be typed after a slash: words that may follow depend on the session and on the moment. */
  async loadCommands(): Promise<void> {
    const connection = this.#connection;
    const { sessionKey } = this.#page.now;
    if (!connection.offers("commands.list")) return;
    const answer = await connection.ask("commands.list", { sessionKey });
    if (answer !== undefined) this.#page.set({ commands: answer.commands });
  }
}
