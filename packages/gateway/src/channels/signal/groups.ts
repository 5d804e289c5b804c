/** The groups of the account, as signal-cli lists them: their names, and whether the account is still in them. */
import type { Inbound } from "../../kit/channel-message.ts";
import { accountId, chosenName } from "../../kit/party.ts";
import type { Received } from "./envelope.ts";
import type { Self } from "./inbound.ts";
import type { Rpc } from "./rpc.ts";

interface Group {
  readonly id: string;
  readonly name?: string | null;
  readonly isMember?: boolean;
}

export class Groups {
  readonly names = new Map<string, string>();
  readonly #rpc: Rpc;
  readonly #self: Self;
  readonly #signal: AbortSignal;

  constructor(rpc: Rpc, self: Self, signal: AbortSignal) {
    this.#rpc = rpc;
    this.#self = self;
    this.#signal = signal;
  }

  /** Asks for the groups. Throws `ChannelError`. */
  async load(): Promise<readonly Group[]> {
    const groups = await this.#rpc.call<Group[]>(
      "listGroups",
      { account: this.#self.number },
      { signal: this.#signal },
    );
    for (const { id, name } of groups) if (name) this.names.set(id, name);
    return groups;
  }

  /**
   * What a change of a group means for us: Signal says that something has changed, not what. Undefined when the account
   * is still a member. Throws `ChannelError`.
   */
  async removal({ envelope }: Received): Promise<Inbound | undefined> {
    const groupId = envelope.dataMessage?.groupInfo?.groupId;
    const groups = await this.load();
    const group = groups.find(({ id }) => id === groupId);
    if (groupId === undefined || group?.isMember !== false) return undefined;
    return {
      kind: "membership",
      keys: [`removed:${groupId}:${envelope.timestamp}`],
      at: envelope.serverReceivedTimestamp ?? envelope.timestamp,
      chat: { id: `group:${groupId}`, kind: "group", title: chosenName(group.name ?? undefined) },
      sender: { id: accountId(this.#self.number) },
      messageId: String(envelope.timestamp),
      fromSelf: false,
      isMember: false,
    };
  }
}

/** Whether an event says that a group has changed. */
export function isGroupChange({ envelope }: Received): boolean {
  return envelope.dataMessage?.groupInfo?.type === "UPDATE";
}
