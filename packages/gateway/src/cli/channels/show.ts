/** Accounts as people read them: their state with a mark and a colour, and what to do about each problem. */

import type { AccountSnapshot, ChannelsStatusResult, HealthResult } from "@moltbot/protocol";
import type { Output } from "../terminal/output.ts";
import { ago, duration, printable, type Style, table } from "../terminal/render.ts";
import { accountName } from "./known.ts";

/** One account with its channel. */
export interface NamedAccount {
  readonly channel: string;
  readonly label: string;
  readonly account: AccountSnapshot;
}

/** How good a state is: `off` is as somebody wanted it. */
type Tone = "good" | "off" | "busy" | "bad";

const TONES: Readonly<Record<AccountSnapshot["state"], Tone>> = {
  connected: "good",
  disabled: "off",
  stopped: "off",
  starting: "busy",
  waiting: "busy",
  unconfigured: "bad",
  failed: "bad",
};

/** Every account, in the order of the channels. */
export function accountsOf({ channelOrder, channelLabels, channelAccounts }: ChannelsStatusResult): NamedAccount[] {
  return channelOrder.flatMap((channel) =>
    (channelAccounts[channel] ?? []).map((account) => ({ channel, label: channelLabels[channel] ?? channel, account })),
  );
}

/** Every account of a health snapshot, in the order of the channels. */
export function accountsOfHealth(health: Pick<HealthResult, "channelOrder" | "channelLabels" | "channels">) {
  return health.channelOrder.flatMap((channel): NamedAccount[] => {
    const { accounts = {} } = health.channels[channel] as { accounts?: Record<string, AccountSnapshot> };
    const label = health.channelLabels[channel] ?? channel;
    return Object.values(accounts).map((account) => ({ channel, label, account }));
  });
}

/** The colour of a state. */
export function paintOf(state: AccountSnapshot["state"], style: Style): (text: string) => string {
  // A newer gateway may name a state that is not known here.
  const tone = Object.hasOwn(TONES, state) ? TONES[state] : "busy";
  return { good: style.green, off: style.dim, busy: style.yellow, bad: style.red }[tone];
}

/** Whether an account needs a person: waiting does not help. */
export function isBroken({ state }: AccountSnapshot): boolean {
  return TONES[state] === "bad";
}

/** "connected as Molty", "waiting, next try in 12 s". */
export function stateOf({ state, self, nextAttemptAt }: AccountSnapshot): string {
  if (state === "connected") return `connected${self ? ` as ${printable(self.name ?? self.id)}` : ""}`;
  if (state === "waiting" && nextAttemptAt !== undefined)
    return `waiting, next try in ${duration(Math.max(0, nextAttemptAt - Date.now()))}`;
  return state;
}

/** The accounts as a table. */
export function accountTable(accounts: readonly NamedAccount[], out: Output): string {
  const paint = (cell: string, row: number) => {
    const state = accounts[row]?.account.state;
    return state === undefined ? cell : paintOf(state, out.style)(cell);
  };
  const columns = [
    { title: "", paint },
    { title: "Channel" },
    { title: "Account" },
    { title: "State", paint },
    { title: "As", flexible: true },
    { title: "In" },
    { title: "Out" },
    { title: "Waiting", align: "right" as const },
  ];
  const rows = accounts.map(({ label, account }) => [
    "●",
    label,
    account.name ?? account.accountId,
    account.state,
    account.self?.name ?? account.self?.id ?? "",
    account.lastInboundAt === undefined ? "" : ago(account.lastInboundAt),
    account.lastOutboundAt === undefined ? "" : ago(account.lastOutboundAt),
    [account.queued > 0 ? `${account.queued}` : "", account.unknown > 0 ? `${account.unknown} in doubt` : ""]
      .filter((each) => each !== "")
      .join(", "),
  ]);
  return table(columns, rows, out);
}

/** The problems of an account, each as a sentence that says what to do. */
export function problemsOf({ channel, account }: NamedAccount): string[] {
  const { problem, probe, state, unknown, accountId } = account;
  const which = accountId === "default" ? channel : `${channel} --account ${accountId}`;
  const sentences = problem ? [problem.message] : [];
  if (probe?.ok === false && probe.error !== undefined && probe.error !== problem?.message) sentences.push(probe.error);
  if (state === "stopped") sentences.push(`It was stopped; \`moltbot channels start ${which}\` starts it.`);
  if (unknown > 0)
    sentences.push(
      `${unknown === 1 ? "One message" : `${unknown} messages`} may or may not have been sent; ` +
        "`moltbot message list --state unknown` shows what, and how to send it again.",
    );
  return sentences.map(printable);
}

/** The lines under a table of accounts: each problem after the account's name. */
export function problemLines(accounts: readonly NamedAccount[], { style }: Pick<Output, "style">): string[] {
  return accounts.flatMap((each) => {
    const paint = paintOf(each.account.state, style);
    const name = accountName(each.label, each.account.accountId);
    return problemsOf(each).map((sentence) => `${paint("●")} ${style.bold(name)}: ${sentence}`);
  });
}
