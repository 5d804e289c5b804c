// Channels in words: an account and its state, and what became of a message.

import type { AccountSnapshot, InboxEntry } from "@moltbot/protocol";
import { agoOf } from "../time.ts";
import { plural, t } from "../words/t.ts";
import type { Channel } from "./state.ts";

/** How a state looks: `off` is as somebody wanted it. */
export type Tone = "good" | "busy" | "bad" | "off";

/** The tone and the words of an account's state. */
export function stateOf({ state, linked, nextAttemptAt }: AccountSnapshot): { tone: Tone; words: string } {
  if (state === "unconfigured" && linked === false) return { tone: "busy", words: t("Not linked") };
  switch (state) {
    case "connected":
      return { tone: "good", words: t("Connected") };
    case "starting":
      return { tone: "busy", words: t("Connecting") };
    case "waiting": {
      const seconds = Math.ceil(((nextAttemptAt ?? 0) - Date.now()) / 1000);
      return { tone: "busy", words: seconds > 0 ? t("Next try in {0} s", seconds) : t("Trying again") };
    }
    case "failed":
      return { tone: "bad", words: t("Failed") };
    case "unconfigured":
      return { tone: "bad", words: t("Not ready") };
    case "stopped":
      return { tone: "off", words: t("Stopped") };
    case "disabled":
      return { tone: "off", words: t("Switched off") };
  }
}

/** What became of an inbound message, or how far it is. */
export function outcomeOf({ outcome, state }: Pick<InboxEntry, "outcome" | "state">): { tone: Tone; words: string } {
  switch (outcome) {
    case "replied":
      return { tone: "good", words: t("Answered") };
    case "noted":
      return { tone: "off", words: t("Noted") };
    case "suppressed":
      return { tone: "busy", words: t("Not answered") };
    case "unread":
      return { tone: "off", words: t("Not readable here") };
    case "failed":
      return { tone: "bad", words: t("Failed") };
    case "expired":
      return { tone: "bad", words: t("Too late") };
    default:
      return { tone: "busy", words: state === "running" ? t("Being answered") : t("Waiting") };
  }
}

/** Who an account is, and when something last came and went. */
export function factsOf({ self, lastInboundAt, lastOutboundAt, queued }: AccountSnapshot): string {
  const facts = [
    self === undefined ? undefined : (self.name ?? self.id),
    lastInboundAt === undefined ? undefined : t("last in {0}", agoOf(lastInboundAt)),
    lastOutboundAt === undefined ? undefined : t("last out {0}", agoOf(lastOutboundAt)),
    queued > 0 ? plural(queued, "{0} waiting to be sent", "{0} waiting to be sent") : undefined,
  ];
  return facts.filter((fact) => fact !== undefined).join(" · ");
}

/** How an account is called beside its channel; nothing for the only usual one. */
export function accountLabel({ accountId, name }: AccountSnapshot): string {
  return name ?? (accountId === "default" ? "" : accountId);
}

/** The name of a channel. */
export function labelOf(channels: readonly Pick<Channel, "id" | "label">[], id: string): string {
  return channels.find((channel) => channel.id === id)?.label ?? id.charAt(0).toUpperCase() + id.slice(1);
}
