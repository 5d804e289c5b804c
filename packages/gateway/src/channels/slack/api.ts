/** Slack's client libraries as we use them: no retries, no queues, no console. */

import type { Logger, WebClientOptions } from "@slack/web-api";
import { defined } from "../../base/defined.ts";
import { type ChannelContext, type ProbeContext, withTimeHeard } from "../../kit/channel.ts";

/** The settings of an account. */
export interface Settings {
  readonly botToken?: string;
  readonly appToken?: string;
  readonly apiUrl?: string;
  readonly linkPreviews?: boolean;
}

/** An answer that takes longer than this does not come. */
const ANSWER_MS = 60_000;

/**
 * Options for both libraries. A 429 is thrown and nothing is sent twice: messaging decides about that. The time that
 * Slack's answers name is told on to `hearer`.
 */
export function clientOptions(
  { apiUrl }: Settings,
  log: ProbeContext["log"],
  signal: AbortSignal,
  hearer?: Pick<ChannelContext, "heardTime">,
): WebClientOptions {
  return {
    ...defined({ slackApiUrl: apiUrl }),
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: ANSWER_MS,
    logger: quietLogger(log),
    fetch: async (url, init) => {
      const answer = await fetch(url, { ...init, signal: either(signal, init?.signal) } as RequestInit);
      return (hearer ? withTimeHeard(answer, hearer) : answer) as never;
    },
  };
}

/** The libraries' own words at debug level. What they say at that level themselves holds whole messages and is dropped. */
export function quietLogger(log: ProbeContext["log"]): Logger {
  const tell = (...words: unknown[]) => log.debug("slack library", { says: words.map(String).join(" ").slice(0, 500) });
  return {
    debug: () => undefined,
    info: () => undefined,
    warn: tell,
    error: tell,
    setLevel: () => undefined,
    setName: () => undefined,
    getLevel: () => "error" as never,
  };
}

function either(signal: AbortSignal, other: unknown): AbortSignal {
  return other instanceof AbortSignal ? AbortSignal.any([signal, other]) : signal;
}
