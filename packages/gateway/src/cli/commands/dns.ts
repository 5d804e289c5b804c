/** `moltbot dns` — how name servers tell of this gateway, where no multicast reaches. */

import { type Call, defineCommand, defineGroup } from "../language/command.ts";

const zoneFlags = {
  domain: { kind: "text", value: "DOMAIN", summary: "The zone (discovery.wideArea.domain, moltbot.internal)" },
  address: { kind: "list", value: "ADDRESS", summary: "An address of this gateway (those of the tailnet)" },
  out: { kind: "text", value: "FILE", summary: "Write it there; the serial rises when the zone has changed" },
} as const;

/** What writing a zone is given. */
export type ZoneCall = Call<typeof zoneFlags>;

const zone = defineCommand({
  summary: "Write the zone file by which a name server tells of this gateway",
  flags: zoneFlags,
  examples: ["moltbot dns zone", "moltbot dns zone --out /etc/coredns/moltbot.internal.db"],
  run: async (call) => (await import("../discover/zone.ts")).writeZone(call),
});

export const dns = defineGroup({
  summary: "Write a DNS zone by which this gateway is found",
  commands: { zone },
  alone: zone,
});
