/** The link to Signal: the parts, joined. */
import { type ChannelContext, ChannelError, type Connection, type ProbeContext } from "../../kit/channel.ts";
import { accountId, type Peer, provenAlias } from "../../kit/party.ts";
import { inboundIn, type Reading } from "../../kit/rules.ts";
import { type Daemon, runningUrl, startDaemon } from "./daemon.ts";
import { echoChanges } from "./echoes.ts";
import { parseReceived, type Received } from "./envelope.ts";
import { Groups, isGroupChange } from "./groups.ts";
import { Mapper, type Self } from "./inbound.ts";
import { Sender } from "./outbound.ts";
import { EventRecord } from "./record.ts";
import { isUnknownMethod, loggedOut, Rpc } from "./rpc.ts";
import type { Settings } from "./settings.ts";
import { listen } from "./stream.ts";

/** Connects to a daemon, starting one where none is named. Throws `ChannelError`. */
export async function connect(context: ChannelContext<Settings>): Promise<Connection> {
  const { settings, clock } = context;
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const own = settings.httpUrl === undefined ? await startDaemon(context, settings.cliPath) : undefined;
  try {
    const rpc = new Rpc(own?.url ?? settings.httpUrl ?? "", clock);
    return await converse(context, rpc, { own, signal, stop });
  } catch (error) {
    stop.abort();
    await own?.[Symbol.asyncDispose]();
    throw asLink(error, settings);
  }
}

/** Asks a daemon that runs already. Throws `ChannelError`. */
export async function probe(context: ProbeContext<Settings>): Promise<Peer> {
  const { settings, clock, folder, signal } = context;
  const url = settings.httpUrl ?? runningUrl(folder);
  if (url === undefined) {
    throw new ChannelError("unavailable", "signal-cli does not run now; it is started when the account is.");
  }
  const rpc = new Rpc(url, clock);
  try {
    await mustBeLinked(rpc, accountOf(context), signal);
    return peerOf(await whoWeAre(rpc, context));
  } catch (error) {
    throw asLink(error, settings);
  }
}

async function converse(
  context: ChannelContext<Settings>,
  rpc: Rpc,
  { own, signal, stop }: { own: Daemon | undefined; signal: AbortSignal; stop: AbortController },
): Promise<Connection> {
  const { settings, state, log } = context;
  const account = accountOf(context);
  await mustBeLinked(rpc, account, signal);
  const self = await whoWeAre(rpc, { ...context, signal });
  const groups = new Groups(rpc, self, signal);
  await groups.load();
  const mapper = new Mapper(self, groups.names);
  const sender = new Sender({ rpc, self, state, log });
  const record = own && new EventRecord(context.folder);
  const takeOne = (data: string) => take(data, { mapper, groups }, context);
  record?.drain(takeOne);
  const opened = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<ChannelError>();
  const listening = listen({
    context,
    rpc,
    account,
    signal,
    onOpen: opened.resolve,
    take: (data) => {
      // Only of what comes now: what is taken up from before names a time of then.
      context.heardTime(parseReceived(data)?.envelope.serverDeliveredTimestamp ?? undefined);
      takeOne(data);
      record?.drainWhenLarge(takeOne);
    },
  });
  const closed = Promise.race([listening, ended.promise, ...(own ? [own.ended] : [])]);
  await Promise.race([
    opened.promise,
    closed.then((reason) => {
      throw reason;
    }),
  ]);
  /** Rejects with what it means; a link that has ended is the end of the connection too. */
  const asked = <T>(call: Promise<T>) =>
    call.catch((error: unknown): never => {
      if (error instanceof ChannelError && error.kind === "logged-out") ended.resolve(error);
      throw error;
    });
  return {
    self: peerOf(self),
    closed,
    send: (message, aborted) => asked(sender.send(message, aborted)),
    findSent: async (message) => sender.find(message),
    edit: (target, text, aborted) => asked(sender.edit(target, text, aborted)),
    unsend: (target, aborted) => asked(sender.unsend(target, aborted)),
    react: (target, emoji, { remove }, aborted) => asked(sender.react(target, emoji, remove, aborted)),
    typing: (chat, isTyping) => asked(sender.typing(chat, isTyping, signal)),
    ...(settings.readReceipts !== false && {
      markRead: (messages: Parameters<Sender["markRead"]>[0]) => asked(sender.markRead(messages, signal)),
    }),
    fetchMedia: (media, aborted) => asked(sender.fetch(media, aborted)),
    ...(settings.readReceipts === false && {
      absent: { readReceipts: "Read receipts are off in channels.signal.readReceipts." },
    }),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await listening;
      await own?.[Symbol.asyncDispose]();
      drainAtEnd(record, takeOne, context);
    },
  };
}

/** What arrived while the stream was being closed; where it cannot be stored now, the next start takes it. */
function drainAtEnd(record: EventRecord | undefined, takeOne: (data: string) => void, { log }: ChannelContext): void {
  try {
    record?.drain(takeOne);
  } catch (error) {
    log.debug("what signal sent last is taken at the next start", { reason: String(error) });
  }
}

/** Takes one event into the inbox. Throws when the disk refuses; what cannot be read is noted. */
function take(data: string, { mapper, groups }: { mapper: Mapper; groups: Groups }, context: ChannelContext): void {
  const received = parseReceived(data);
  if (!received) return context.log.warn("signal-cli sent an event that cannot be read", { length: data.length });
  const reading = readEvent(mapper, received, context);
  const [inbound] = inboundIn(reading);
  void context.receive([reading], inbound && echoChanges(context.state, inbound));
  if (isGroupChange(received)) void noteRemoval(received, groups, context);
}

/** Never rejects: what is not noted now is told by the next send. */
async function noteRemoval(received: Received, groups: Groups, context: ChannelContext): Promise<void> {
  try {
    const removal = await groups.removal(received);
    if (removal) await context.receive([removal]);
  } catch (error) {
    context.log.warn("signal's groups cannot be looked at", { reason: String(error) });
  }
}

/** What an event says; one that is not as signal-cli describes events is recorded as such. */
function readEvent(mapper: Mapper, received: Received, { log }: ChannelContext): Reading {
  try {
    return mapper.inbound(received);
  } catch (error) {
    log.warn("signal-cli sent an event that cannot be read", { reason: String(error) });
    return mapper.broken(received);
  }
}

function accountOf({ settings, state }: Pick<ProbeContext<Settings>, "settings" | "state">): string {
  const account = settings.account ?? state.get("account");
  if (account === undefined) throw loggedOut();
  return account;
}

/** Throws "logged-out" when the daemon does not have the account. One that serves a single account cannot be asked. */
async function mustBeLinked(rpc: Rpc, account: string, signal: AbortSignal): Promise<void> {
  try {
    const accounts = await rpc.call<readonly { readonly number: string }[]>("listAccounts", {}, { signal });
    if (!accounts.some(({ number }) => number === account)) throw loggedOut();
  } catch (error) {
    if (!isUnknownMethod(error)) throw error;
  }
}

/** The account's number and id; the id is asked for once. */
async function whoWeAre(rpc: Rpc, context: ProbeContext<Settings>): Promise<Self> {
  const { state, signal, log } = context;
  const number = accountOf(context);
  const known = state.get(`uuid:${number}`);
  if (known !== undefined) return { number, uuid: known };
  try {
    const params = { account: number, recipient: [number] };
    const [status] = await rpc.call<{ uuid?: string | null }[]>("getUserStatus", params, { signal });
    const uuid = status?.uuid ?? undefined;
    if (uuid !== undefined) state.write({ [`uuid:${number}`]: uuid });
    return { number, uuid };
  } catch (error) {
    if (error instanceof ChannelError && error.kind === "logged-out") throw error;
    log.debug("signal does not say the account's id", { reason: String(error) });
    return { number, uuid: undefined };
  }
}

function peerOf({ number, uuid }: Self): Peer {
  return { id: accountId(number), ...(uuid !== undefined && { aliases: [provenAlias(uuid)] }) };
}

/** While connecting, what cannot be told is the network. */
function asLink(error: unknown, { httpUrl }: Settings): unknown {
  if (!(error instanceof ChannelError) || (error.kind !== "not-sent" && error.kind !== "unknown")) return error;
  const where = httpUrl === undefined ? "signal-cli" : `signal-cli at ${httpUrl}`;
  return new ChannelError("network", `${where} cannot be reached; see that its daemon runs.`, { cause: error });
}
