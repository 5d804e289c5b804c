/** The addresses of this machine, and the one to listen on. */
import { networkInterfaces } from "node:os";
import { StartError } from "../../base/errors.ts";
import { isTailnetAddress, normalizeAddress } from "../../base/net/address.ts";
import type { Clock } from "../../base/time/clock.ts";
import type { GatewaySettings } from "../settings.ts";

/** How long a list of addresses may be used; a new interface counts after that. */
const ADDRESSES_MS = 10_000;

/** Addresses of this host's interfaces, read at most every ten seconds. */
export class OwnAddresses {
  readonly #clock: Clock;
  #readAt = Number.NEGATIVE_INFINITY;
  #list: readonly string[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get list(): readonly string[] {
    const now = this.#clock.monotonic();
    if (now - this.#readAt > ADDRESSES_MS) {
      this.#readAt = now;
      this.#list = ownAddresses();
    }
    return this.#list;
  }
}

function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.map(({ address }) => normalizeAddress(address));
}

/**
 * The address to bind. It is never wider than configured: a missing tailnet address is an error, not a reason to use
 * another.
 */
export function bindHost(
  { bind, customBindHost }: Pick<GatewaySettings, "bind" | "customBindHost">,
  addresses: readonly string[] = ownAddresses(),
): string {
  if (bind === "lan") return "0.0.0.0";
  if (bind === "custom" && customBindHost) return customBindHost;
  if (bind === "custom")
    throw new StartError(
      "gateway.bind is custom but gateway.customBindHost is not set; set it to the address to listen on.",
      { isLasting: true },
    );
  if (bind !== "tailnet") return "127.0.0.1";
  const address = addresses.find(isTailnetAddress);
  if (address) return address;
  throw new StartError(
    "gateway.bind is tailnet but this host has no tailnet address; start Tailscale, or set gateway.bind to loopback.",
  );
}
