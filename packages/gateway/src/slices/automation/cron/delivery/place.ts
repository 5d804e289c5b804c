/** Where words of a job go: a chat, beside the transcript, or an address. */
import { defined } from "../../../../base/defined.ts";
import type { DeliverTo } from "../../../agent/agent/run/run-store.ts";
import type { JobConfig } from "../jobs/jobs.ts";
import type { CronServices } from "../services.ts";

/** A place as jobs and settings name it. */
export interface Place {
  readonly mode?: string | undefined;
  readonly channel?: string | undefined;
  readonly to?: string | undefined;
  readonly accountId?: string | undefined;
  readonly threadId?: string | undefined;
}

/** A chat or an address, or why there is none. */
export type FoundPlace =
  | { readonly kind: "chat"; readonly route: DeliverTo }
  | { readonly kind: "address"; readonly url: string }
  | { readonly kind: "nowhere"; readonly problem: string };

/** Finds a place; a chat that is not named is where the job's agent was last spoken to. */
export function findPlace({ agent, sessions }: CronServices, config: JobConfig, place: Place): FoundPlace {
  const { mode, channel = "last", to, accountId, threadId } = place;
  if (mode === "webhook") {
    if (URL.canParse(to ?? "")) return { kind: "address", url: to ?? "" };
    return { kind: "nowhere", problem: "a webhook needs an address; name it in to" };
  }
  const last = sessions.get(sessions.mainKey(config.agentId))?.route;
  const name = channel === "last" ? last?.channel : channel;
  if (to === undefined && last && last.channel === name) return { kind: "chat", route: last };
  if (name === undefined || to === undefined)
    return { kind: "nowhere", problem: "Cron delivery requires a recipient; name delivery.channel and delivery.to" };
  if (!agent.channels.now.knows(name)) return { kind: "nowhere", problem: `there is no channel ${name.slice(0, 64)}` };
  const more = defined({ accountId, threadId });
  const route = agent.channels.now.route({ channel: name, to, ...more });
  return route ? { kind: "chat", route } : { kind: "nowhere", problem: `${name} cannot be reached now` };
}
