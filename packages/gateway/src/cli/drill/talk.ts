/**
 * What every drill does with people: they write on each channel, everything gets its outcome, and what the platforms hold
 * says whether anything was lost or said twice.
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { FakePlatform } from "@moltbot/fakes";
import { defined } from "../../base/defined.ts";
import { ignore } from "../../base/errors.ts";
import { CliError } from "../language/exit.ts";
import type { Random } from "./random.ts";
import type { Subject } from "./subject.ts";

/** What a drill has found. */
export interface DrillResult {
  readonly sent: number;
  readonly answered: number;
  /** Not answered, but reported as unknown: whether they arrived cannot be told on that platform. */
  readonly inDoubt: number;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  /** Delivered after their time to live. */
  readonly stale: readonly string[];
  /** Messages that came in and have no outcome. */
  readonly undecided: number;
  readonly byChannel: Readonly<
    Record<string, { readonly sent: number; readonly answered: number; readonly inDoubt: number }>
  >;
}

/** One message of the drill: its text, which the reply repeats. */
export interface DrillMessage {
  readonly channel: string;
  readonly text: string;
  readonly at: number;
}

/** Less than any retry of a platform needs, more than a drill lasts. */
const TTL_MINUTES = 30;
/** How long nothing may get on before the drill gives its verdict; how long it takes in all depends on the machine. */
const SETTLE_LIMIT_MS = 180_000;
/** How long a channel may take until it is linked. */
export const LINK_LIMIT_MS = 300_000;

/** The config of a gateway under drill: everybody is answered. */
export function configFor(platforms: readonly FakePlatform[]): Readonly<Record<string, unknown>> {
  const open = { dmPolicy: "open", allowFrom: ["*"] };
  return {
    gateway: { mode: "local", auth: { mode: "token" } },
    models: { detectLocal: false },
    messages: { outboundTtlMinutes: TTL_MINUTES },
    channels: Object.fromEntries(platforms.map(({ channel, settings }) => [channel, { ...settings, ...open }])),
  };
}

/** Links an account, by its login where it has one. */
export async function link(
  platform: FakePlatform,
  subject: Subject,
  limit = AbortSignal.timeout(LINK_LIMIT_MS),
): Promise<void> {
  const { channel } = platform;
  let isAsked = false;
  while (!platform.isLinked) {
    const { channelAccounts } = await subject.ask("channels.status", {});
    const [account] = channelAccounts[channel] ?? [];
    if (account?.linked === false && platform.scan && !isAsked) {
      isAsked = true;
      const client = await subject.client();
      const shown = await client.request("web.login.start", { channel, force: true }, { timeoutMs: LINK_LIMIT_MS });
      await platform.scan(shown.qrText ?? shown.code ?? "");
    }
    if (limit.aborted) throw new CliError(`${channel} is not linked: ${account?.problem?.message ?? account?.state}.`);
    await sleep(50);
  }
}

/** People write on every channel at once. */
export async function burst(
  platforms: readonly FakePlatform[],
  { random, kill, most, spoken }: { random: Random; kill: number; most: number; spoken: DrillMessage[] },
): Promise<void> {
  const work = platforms.map(async (platform) => {
    const count = 1 + random.below(most);
    for (let n = 0; n < count; n++) {
      const text = `drill ${platform.channel} ${kill}-${n}`;
      const from = `person${random.below(3)}`;
      spoken.push({ channel: platform.channel, text, at: Date.now() });
      await platform.says(`/echo ${text}`, { from });
      await sleep(random.below(60));
    }
  });
  await Promise.all(work);
}

/** Waits until every message has come in and has an outcome, and nothing waits to be sent; no longer than `end`. */
export async function settled(subject: Subject, spoken: readonly DrillMessage[], end?: AbortSignal): Promise<void> {
  let limit = AbortSignal.timeout(SETTLE_LIMIT_MS);
  let least = Number.POSITIVE_INFINITY;
  for (;;) {
    const { channelAccounts } = await subject.ask("channels.status", {});
    const accounts = Object.values(channelAccounts).flat();
    const isIdle = accounts.every(({ state, queued }) => state === "connected" && queued === 0);
    const open = undecided(await inboxOf(subject), spoken);
    if (isIdle && open === 0) return;
    const left = open + accounts.reduce((sum, { state, queued }) => sum + queued + (state === "connected" ? 0 : 1), 0);
    if (left < least) limit = AbortSignal.timeout(SETTLE_LIMIT_MS);
    else if (limit.aborted) return;
    if (end?.aborted) return;
    least = Math.min(least, left);
    await sleep(250);
  }
}

/** How many messages have not come in, or have no outcome. */
function undecided(inbox: readonly Event[], spoken: readonly DrillMessage[]): number {
  const decided = new Set(inbox.filter(({ state }) => state === "done").map(({ text }) => text));
  return spoken.filter(({ text }) => !decided.has(`/echo ${text}`)).length;
}

/** An event as the gateway's inbox lists it. */
interface Event {
  readonly text: string;
  readonly state: string;
  readonly rule?: string;
  readonly channel: string;
}

async function inboxOf(subject: Subject): Promise<Event[]> {
  const all = [];
  for (let before: number | undefined; ; ) {
    const { entries } = await subject.ask("inbox.list", { limit: 500, ...defined({ before }) });
    all.push(
      ...entries.map(({ text, state, rule, channel }) => ({
        text,
        state,
        channel,
        ...defined({ rule }),
      })),
    );
    if (entries.length < 500) return all;
    before = entries.at(-1)!.id;
  }
}

/**
 * Holds what the platforms have against what was said. A gateway that cannot be asked any more has decided nothing.
 */
export async function judge(
  platforms: readonly FakePlatform[],
  spoken: readonly DrillMessage[],
  subject: Subject,
): Promise<DrillResult> {
  const delivered = new Map<string, { times: number; at: number }>();
  for (const { channel, delivered: messages } of platforms) {
    for (const { text, at } of messages) {
      const key = `${channel} ${text.trim()}`;
      delivered.set(key, { times: (delivered.get(key)?.times ?? 0) + 1, at });
    }
  }
  const inbox = await inboxOf(subject).catch((error: unknown): Event[] => {
    ignore(error, "the verdict says that nothing was decided");
    return [];
  });
  const inDoubt = new Set(inbox.filter(({ rule }) => rule === "delivery-unknown").map(({ text }) => text));
  const found = spoken.map((message) => ({
    ...message,
    times: delivered.get(`${message.channel} ${message.text}`)?.times ?? 0,
    deliveredAt: delivered.get(`${message.channel} ${message.text}`)?.at ?? message.at,
    isInDoubt: inDoubt.has(`/echo ${message.text}`),
  }));
  const texts = (some: typeof found) => some.map(({ text }) => text);
  const answered = found.filter(({ times }) => times > 0);
  const doubtful = found.filter(({ times, isInDoubt }) => times === 0 && isInDoubt);
  return {
    sent: spoken.length,
    answered: answered.length,
    inDoubt: doubtful.length,
    lost: texts(found.filter(({ times, isInDoubt }) => times === 0 && !isInDoubt)),
    doubled: texts(found.filter(({ times }) => times > 1)),
    stale: texts(found.filter(({ at, deliveredAt }) => deliveredAt - at > TTL_MINUTES * 60_000)),
    undecided: undecided(inbox, spoken),
    byChannel: Object.fromEntries(
      platforms.map(({ channel }) => [
        channel,
        {
          sent: spoken.filter((message) => message.channel === channel).length,
          answered: answered.filter((message) => message.channel === channel).length,
          inDoubt: doubtful.filter((message) => message.channel === channel).length,
        },
      ]),
    ),
  };
}
