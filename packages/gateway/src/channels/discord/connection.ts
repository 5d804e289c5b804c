/** The link to Discord, made of its parts. */
import { API } from "@discordjs/core/http-only";
import { REST, RESTEvents } from "@discordjs/rest";
import {
  type ChannelContext,
  type ChannelError,
  type Connection,
  type ProbeContext,
  withTimeHeard,
} from "../../kit/channel.ts";
import type { Peer } from "../../kit/party.ts";
import { CatchUp } from "./catch-up.ts";
import { linkError, requestError } from "./errors.ts";
import { Events } from "./events.ts";
import { Mapper, peerOf } from "./inbound.ts";
import { Interactions } from "./interactions.ts";
import { GatewayLink } from "./link.ts";
import { fetchFile } from "./media.ts";
import { publishMenu } from "./menu.ts";
import { Sender } from "./outbound.ts";
import { Places } from "./places.ts";
import { retryRead } from "./retry-reads.ts";

/** What the config says of an account. */
type Settings = {
  readonly linkPreviews?: boolean;
  readonly token?: string;
  readonly messageContent?: boolean;
  readonly reactions?: boolean;
  readonly apiUrl?: string;
};

/** Discord's intents (documentation: Gateway Intents). */
const INTENTS = {
  always: (1 << 0) | (1 << 9) | (1 << 12) | (1 << 24) | (1 << 25),
  reactions: (1 << 10) | (1 << 13),
  messageContent: 1 << 15,
};
const REQUEST_MS = 20_000;

/** Connects, and catches up on what was said since the last time. Throws `ChannelError`. */
export async function connect(context: ChannelContext<Settings>): Promise<Connection> {
  const { settings, log, signal } = context;
  const rest = restOf(settings);
  rest.on(RESTEvents.Response, (_request, answer) => withTimeHeard(answer, context));
  const api = new API(rest);
  const self = peerOf(await api.users.getCurrent(once(signal)).catch(rethrowLink));
  const unsent = new Set<string>();
  const places = new Places(api, self.id, (ask) => retryRead(context, ask));
  const mapper = new Mapper(places, self.id);
  const catchUp = new CatchUp(context, api, mapper);
  const interactions = new Interactions(api, mapper, log);
  const events = new Events({ context, self, places, mapper, catchUp, interactions, unsent });
  const link = new GatewayLink({
    context,
    rest,
    token: settings.token ?? "",
    intents: intentsOf(settings),
    handle: (event, key) => events.handle(event, key),
  });
  const stop = () => link.end(linkError(signal.reason));
  signal.addEventListener("abort", stop, { once: true });
  await link.connect().catch((error) => {
    signal.removeEventListener("abort", stop);
    throw error;
  });
  void publishMenu(context, api).catch((error) => {
    log.warn("discord's menu of commands was not changed", { reason: requestError(error).message });
  });

  const sender = new Sender({
    ...{ api, selfId: self.id, interactions, unsent },
    linkPreviews: context.settings.linkPreviews ?? false,
  });
  /** Rejects with what the refusal means; a token that is no longer valid is the end of the link too. */
  const asked = <T>(request: Promise<T>) =>
    request.catch((error: unknown): never => {
      const known: ChannelError = requestError(error);
      if (known.kind === "bad-credentials") link.end(known);
      throw known;
    });
  return {
    self,
    closed: link.closed,
    send: (message, aborted) => asked(sender.send(message, once(aborted))),
    findSent: (message, aborted) => asked(sender.find(message, once(aborted))),
    edit: (target, text, aborted) => asked(sender.edit(target, text, once(aborted))),
    unsend: (target, aborted) => asked(sender.unsend(target, once(aborted))),
    react: (target, emoji, { remove }, aborted) => asked(sender.react(target, emoji, remove, once(aborted))),
    typing: async (chat, isTyping) => {
      if (isTyping) await asked(sender.typing(chat, once(signal)));
    },
    poll: (poll, aborted) => asked(sender.poll(poll, once(aborted))),
    fetchMedia: (media, aborted) => fetchFile(api, media, aborted),
    async [Symbol.asyncDispose]() {
      signal.removeEventListener("abort", stop);
      rest.clearHashSweeper();
      rest.clearHandlerSweeper();
      await link[Symbol.asyncDispose]();
    },
  };
}

/** Asks Discord whose token it is. Throws `ChannelError`. */
export async function probe({ settings, signal }: ProbeContext<Settings>): Promise<Peer> {
  const rest = restOf(settings);
  rest.clearHashSweeper();
  rest.clearHandlerSweeper();
  return peerOf(await new API(rest).users.getCurrent(once(signal)).catch(rethrowLink));
}

/** A REST client without retries and waits: messaging decides about refusals. */
function restOf({ token, apiUrl }: Settings): REST {
  const rest = new REST({
    version: "10",
    retries: 0,
    timeout: REQUEST_MS,
    rejectOnRateLimit: () => true,
    ...(apiUrl !== undefined && { api: apiUrl.replace(/\/+$/, "") }),
  });
  return rest.setToken(token ?? "");
}

function intentsOf({ messageContent = true, reactions = true }: Settings): number {
  return INTENTS.always | (reactions ? INTENTS.reactions : 0) | (messageContent ? INTENTS.messageContent : 0);
}

/** Makes a new signal for each request, because the library never removes its listener. */
function once(signal: AbortSignal): { signal: AbortSignal } {
  return { signal: AbortSignal.any([signal]) };
}

function rethrowLink(error: unknown): never {
  throw linkError(error);
}
