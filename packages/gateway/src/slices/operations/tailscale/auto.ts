/**
 * What `auto` comes to: `serve` where Tailscale runs and gives certificates, else the tailnet address, else this machine alone;
 * each with the reason, for people to read.
 */
import { messageOf, TellableError } from "../../../base/errors.ts";
import type { TailscaleSettings } from "../../../kit/host.ts";
import { lookAtTailnet } from "./claim.ts";
import type { ProgramContext } from "./program.ts";

/** The way that others come, and why it is not a better one. */
export type Plan =
  | { readonly via: "serve"; readonly reason?: undefined }
  | { readonly via: "tailnet"; readonly address: string; readonly reason: string }
  | { readonly via: "loopback"; readonly reason: string };

/** Looks at Tailscale and decides. It never opens more than the tailnet, and nothing without a secret. */
export async function planOf({ here, isOpen }: TailscaleSettings, running: ProgramContext): Promise<Plan> {
  if (here === undefined)
    return { via: "loopback", reason: "gateway.bind names other addresses, so there is nothing to choose" };
  try {
    const { name, addresses, hasHttps } = await lookAtTailnet(running);
    if (name !== undefined && hasHttps) return { via: "serve" };
    const lacking =
      name === undefined
        ? "this machine has no tailnet name; turn MagicDNS on in Tailscale's admin console"
        : "the tailnet gives no certificates; turn HTTPS on in Tailscale's admin console";
    const [address] = addresses;
    if (address === undefined) return { via: "loopback", reason: lacking };
    if (isOpen) return { via: "loopback", reason: `${lacking}. Without a secret no other address is used` };
    return { via: "tailnet", address, reason: lacking };
  } catch (error) {
    if (!(error instanceof TellableError)) throw error;
    return { via: "loopback", reason: messageOf(error) };
  }
}
