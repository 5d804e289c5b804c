/** From the bus to the sockets: audience, scope, sequence numbers, slow consumers. Each payload is serialised once. */
import type { Bus, Topic } from "../base/bus.ts";
import { jsonText } from "../base/text/well-formed.ts";
import { hasScope } from "../kit/access.ts";
import type { EventDefinition } from "../kit/event.ts";
import type { Connection } from "./connection.ts";
import { SharedFrame } from "./shared-frame.ts";

export interface BroadcastOptions {
  readonly bus: Bus;
  /** Connections that have shaken hands. */
  readonly connections: ReadonlyMap<string, Connection>;
  /** The connections that subscribed to an event which only subscribers receive. */
  readonly subscribers: (event: string, payload: unknown) => ReadonlySet<string>;
  /** The nodes that follow the conversation which an event for operators is about. */
  readonly followers: (event: string, payload: unknown) => ReadonlySet<string>;
  /** Takes secrets out of a text that leaves. */
  readonly guard: (text: string) => string;
  /** Takes paths of this machine out of a text for those who do not administer it. */
  readonly conceal: (text: string) => string;
  /** The versions that some events carry. */
  readonly stateVersion: () => { readonly presence: number; readonly health: number };
}

/** Sends every published event to those entitled to it, until disposed. */
export function startBroadcast(options: BroadcastOptions): Disposable {
  return options.bus.onAll((payload, { connId }, topic) => {
    if (isEvent(topic)) send(topic, payload, connId, options);
  });
}

/** Whether a topic is an event of the wire. */
function isEvent(topic: Topic<unknown>): topic is EventDefinition {
  return "audience" in topic;
}

function send(
  event: EventDefinition,
  payload: unknown,
  connId: string | undefined,
  { connections, subscribers, followers, guard, conceal, stateVersion }: BroadcastOptions,
): void {
  const wanted = event.isSubscribed ? subscribers(event.name, payload) : undefined;
  if (wanted?.size === 0) return;
  const head = headOf(event, payload, stateVersion);
  if (connId !== undefined) return connections.get(connId)?.send(`${head}}`);
  const whenSlow = typeof event.whenSlow === "function" ? event.whenSlow(payload) : event.whenSlow;
  const frames = framesOf(head, { guard, conceal });
  const older = event.three && framesOf(headOf(event, event.three(payload), stateVersion), { guard, conceal });
  const following = followers(event.name, payload);
  for (const connection of wanted ? among(connections, wanted) : connections.values()) {
    if (!isEntitled(event, payload, connection, following)) continue;
    const { whole, forReaders } = (connection.session?.dialect.protocol === 3 ? older : undefined) ?? frames;
    // A droppable event must not fill the buffer: a connection over the limit is watched and closed.
    const bytes = whenSlow === "drop" ? whole.length : 0;
    const seq = connection.nextSeq();
    if (connection.hasRoom(bytes)) connection.sendShared(connection.seesPaths ? whole : forReaders, seq);
    else if (whenSlow === "close") connection.close(1008, "slow consumer");
  }
}

function headOf(event: EventDefinition, payload: unknown, stateVersion: BroadcastOptions["stateVersion"]): string {
  const version = event.stateVersion ? `,"stateVersion":${jsonText(stateVersion())}` : "";
  return `{"type":"event","event":${jsonText(event.name)},"payload":${jsonText(payload)}${version}`;
}

function framesOf(head: string, { guard, conceal }: Pick<BroadcastOptions, "guard" | "conceal">) {
  const text = guard(`${head},"seq":`);
  const whole = new SharedFrame(text);
  const concealed = conceal(text);
  return { whole, forReaders: concealed === text ? whole : new SharedFrame(concealed) };
}

function* among(connections: ReadonlyMap<string, Connection>, wanted: ReadonlySet<string>): Generator<Connection> {
  for (const id of wanted) {
    const connection = connections.get(id);
    if (connection) yield connection;
  }
}

function isEntitled(
  { audience, allows }: EventDefinition,
  payload: unknown,
  { id, session }: Connection,
  following: ReadonlySet<string>,
): boolean {
  if (audience === "everyone") return true;
  if (!session || audience === "directed") return false;
  const { caller } = session;
  const isReader = caller.role === "node" ? following.has(id) : hasScope(caller.scopes, audience);
  return isReader && (allows?.(payload, caller) ?? true);
}
