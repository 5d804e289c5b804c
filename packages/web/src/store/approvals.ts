// Commands that wait until a person allows them. Answers given elsewhere, and the end of the time, take them away.

import { type GatewayClient, isRecord } from "@moltbot/protocol";
import type { Ask } from "../view.ts";

/** What can be answered. */
export type Decision = "allow-once" | "allow-always" | "deny";

/** A command that waits. */
export interface Approval {
  readonly id: string;
  /** Exactly what would run. */
  readonly command: string;
  readonly cwd: string | undefined;
  readonly host: string | undefined;
  readonly agentId: string | undefined;
  readonly sessionKey: string | undefined;
  /** The program that the first word stands for. */
  readonly resolvedPath: string | undefined;
  /** Variables that it is given beyond the usual. */
  readonly env: readonly string[];
  /** Why it may not simply run. */
  readonly why: readonly string[];
  /** Whether "always" would last. */
  readonly canRemember: boolean;
  /** What "always" would do, or why it would not last, in words. */
  readonly always: string | undefined;
  /** What people can type elsewhere: /approve CODE. */
  readonly code: string | undefined;
  readonly expiresAt: number;
}

/** How long after the end of its time a command is asked for again, in milliseconds. */
const LATE_MS = 1_000;
/** The longest wait of a timer; a longer one would be over at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** What approvals need of the page. */
export interface ApprovalsHost {
  readonly ask: Ask;
  /** Whether the gateway has them, and the connection may answer. */
  isAllowed(): boolean;
  onChange(): void;
  /** A command has begun to wait. */
  onRequest(approval: Approval): void;
  /** A command waits no more: somebody has answered, here or elsewhere, or the time is over. */
  onEnd(id: string): void;
}

/** The commands that wait, oldest first. */
export class Approvals {
  #waiting: readonly Approval[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #host: ApprovalsHost;

  constructor(host: ApprovalsHost) {
    this.#host = host;
  }

  get waiting(): readonly Approval[] {
    return this.#waiting;
  }

  /** Hears the events about approvals. */
  listen(client: GatewayClient): void {
    client.on("exec.approval.requested", (payload) => this.#onRequested(payload));
    client.on("exec.approval.resolved", (payload) => {
      if (isRecord(payload)) this.#set(this.#waiting.filter(({ id }) => id !== payload.id));
    });
  }

  /** Fetches what waits. */
  async load(): Promise<void> {
    if (!this.#host.isAllowed()) return this.#set([]);
    const answer = await this.#host.ask("exec.approval.list");
    if (Array.isArray(answer)) this.#set(answer.flatMap((each) => readApproval(each) ?? []));
  }

  /** Answers; the card goes away when the gateway has heard it. */
  async resolve({ id }: Approval, decision: Decision): Promise<void> {
    await this.#host.ask("exec.approval.resolve", { id, decision });
    await this.load();
  }

  #onRequested(payload: unknown): void {
    const approval = readApproval(payload);
    if (approval === undefined || !this.#host.isAllowed()) return;
    this.#set([...this.#waiting.filter(({ id }) => id !== approval.id), approval]);
    this.#host.onRequest(approval);
  }

  /** No event tells that the time is over, and our clock may be wrong: the gateway is asked. */
  #set(waiting: readonly Approval[]): void {
    const ended = this.#waiting.filter((before) => !waiting.some(({ id }) => id === before.id));
    this.#waiting = waiting;
    for (const { id } of ended) this.#host.onEnd(id);
    clearTimeout(this.#timer);
    const next = Math.min(...waiting.map(({ expiresAt }) => expiresAt));
    const waitMs = Math.min(Math.max(0, next - Date.now()) + LATE_MS, LONGEST_MS);
    if (waiting.length > 0) this.#timer = setTimeout(() => void this.load(), waitMs);
    this.#host.onChange();
  }
}

/** Reads one that waits; undefined when it is none. */
export function readApproval(value: unknown): Approval | undefined {
  if (!isRecord(value) || typeof value.id !== "string" || !isRecord(value.request)) return undefined;
  const { command, cwd, host, agentId, sessionKey, resolvedPath, env, why } = value.request;
  if (typeof command !== "string") return undefined;
  return {
    id: value.id,
    command,
    cwd: asText(cwd),
    host: asText(host),
    agentId: asText(agentId),
    sessionKey: asText(sessionKey),
    resolvedPath: asText(resolvedPath),
    env: isRecord(env) ? Object.entries(env).map(([name, text]) => `${name}=${text}`) : [],
    why: Array.isArray(why) ? why.map(String) : [],
    canRemember: value.remembers === true,
    always: asText(value.always),
    code: asText(value.code),
    expiresAt: typeof value.expiresAtMs === "number" ? value.expiresAtMs : Date.now(),
  };
}

function asText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
