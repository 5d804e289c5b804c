/** A channel without a platform, which does what a test says. For what accounts and senders do with any channel. */
import {
  type ChannelDefinition,
  ChannelError,
  type Connection,
  defineChannel,
  plainPeer,
} from "../../packages/gateway/src/kit/channel.ts";
import type { Outbound, Sent } from "../../packages/gateway/src/kit/channel-message.ts";
import { accountId, chosenName } from "../../packages/gateway/src/kit/party.ts";
import { plainDialect } from "../../packages/gateway/src/kit/text/plain.ts";

type Step = ChannelError | "hang" | "ok";

export class ScriptedChannel {
  readonly definition: ChannelDefinition;
  /** What the next openings do; without one they succeed. */
  readonly openings: Step[] = [];
  /** What the next sends do; without one they succeed. */
  readonly sends: Step[] = [];
  /** Every message that a send was tried with. */
  readonly tried: Outbound[] = [];
  /** What the platform answers when it is asked for a doubtful message. */
  found: Sent | "absent" | "unknown" | undefined;
  opened = 0;
  closed = 0;
  missing: string | undefined;
  #end = Promise.withResolvers<ChannelError>();

  constructor(options: { repeatSafeMs?: number } = {}) {
    this.definition = defineChannel({
      id: "paper",
      label: "Paper",
      detailLabel: "Paper",
      systemImage: "doc",
      summary: "Letters.",
      settings: {},
      limits: { textChars: 100, captionChars: 50, mediaBytes: 1_000, editEveryMs: 1_000, typingEveryMs: 4_000 },
      capabilities: ["direct"],
      repeatSafeMs: options.repeatSafeMs ?? 0,
      missing: () => this.missing,
      target: (text) => ({ id: text }),
      normalPeer: (text) => plainPeer("paper", text),
      ids: { peer: /^\d+$/, chat: /^\d+$/, looks: "a number" },
      dialect: async () => plainDialect,
      open: async ({ signal }) => await this.#open(signal),
    });
  }

  /** Ends the open link. */
  end(error: ChannelError): void {
    this.#end.resolve(error);
  }

  async #open(signal: AbortSignal): Promise<Connection> {
    this.opened++;
    await follow(this.openings.shift(), signal);
    this.#end = Promise.withResolvers();
    const { found } = this;
    return {
      self: { id: accountId("me"), name: chosenName("Me") },
      closed: this.#end.promise,
      send: async (message, within) => {
        this.tried.push(message);
        await follow(this.sends.shift(), within);
        return { id: `sent-${this.tried.length}` };
      },
      ...(found !== undefined && { findSent: async () => found }),
      [Symbol.asyncDispose]: async () => {
        this.closed++;
      },
    };
  }
}

async function follow(step: Step | undefined, signal: AbortSignal): Promise<void> {
  if (step instanceof ChannelError) throw step;
  if (step !== "hang") return;
  await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}
