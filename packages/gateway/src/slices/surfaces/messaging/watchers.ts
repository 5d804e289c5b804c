/** Observers of finished messages: the slices that count and trace. */
import type { OutcomeName } from "./schema.ts";

/** A message of the inbox that has its outcome. */
export interface DecidedMessage {
  readonly id: number;
  readonly channel: string;
  readonly account: string;
  readonly receivedAt: number;
  readonly decidedAt: number;
  readonly outcome: OutcomeName;
  readonly rule: string | undefined;
  readonly runId: string | undefined;
}

/** A message of the outbox that has come to its end. */
export interface SettledMessage {
  readonly id: number;
  readonly channel: string;
  readonly account: string;
  readonly origin: string;
  readonly state: string;
  readonly attempts: number;
  readonly queuedAt: number;
}

/** Hears of messages, in the transaction that records what it is told: it must not throw and must not wait. */
export interface MessageWatcher {
  decided?(message: DecidedMessage): void;
  settled?(message: SettledMessage): void;
}
