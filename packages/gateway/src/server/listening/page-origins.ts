/** Where browsers reach our pages: what a link names that somebody opens on another device. Pure functions. */
import { isIPv4 } from "node:net";
import { isLoopbackAddress, isTailnetAddress } from "../../base/net/address.ts";
import type { PageOrigin } from "../../kit/host.ts";
import { isKnownHost, type OwnOrigins } from "../admission/origin.ts";

const ORDER: readonly PageOrigin["reach"][] = ["anywhere", "tailnet", "lan", "here"];

/**
 * All addresses of our pages; the one that reaches farthest first, and https before http. `bound` is the address that we
 * listen on.
 */
export function pageOrigins(ownOrigins: OwnOrigins, bound: string, own: readonly string[]): PageOrigin[] {
  const proxied = ownOrigins.allowedOrigins
    .filter((each) => URL.canParse(each) && isKnownHost(new URL(each).hostname, ownOrigins))
    .map((each) => described(new URL(each).origin));
  const direct = addressesOf(bound, own).map((address) =>
    described(`${ownOrigins.scheme}://${address.includes(":") ? `[${address}]` : address}:${ownOrigins.port}`),
  );
  const all = new Map([...proxied, ...direct].map((each) => [each.origin, each]));
  return [...all.values()].toSorted((a, b) => rank(a) - rank(b));
}

/** The addresses that a bound address stands for; IPv6 is left out where every address is meant, because few need it. */
function addressesOf(bound: string, own: readonly string[]): readonly string[] {
  if (bound !== "0.0.0.0" && bound !== "::") return [bound];
  return own.filter((address) => isIPv4(address) && !address.startsWith("169.254."));
}

function described(origin: string): PageOrigin {
  return { origin, reach: reachOf(new URL(origin).hostname.replace(/^\[|\]$/g, "")) };
}

function reachOf(name: string): PageOrigin["reach"] {
  if (name === "localhost" || isLoopbackAddress(name)) return "here";
  if (isTailnetAddress(name) || name.endsWith(".ts.net")) return "tailnet";
  return /^[\d.]+$|:/.test(name) || name.endsWith(".local") || !name.includes(".") ? "lan" : "anywhere";
}

function rank({ origin, reach }: PageOrigin): number {
  return ORDER.indexOf(reach) * 2 + Number(!origin.startsWith("https:"));
}
