/**
 * Whose request comes through `tailscale serve`. The headers are only a claim: anybody on this machine can write them. They count
 * when tailscaled itself names that user for the address that the request came from.
 */
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { detailOf } from "../../../base/errors.ts";
import type { Log } from "../../../base/log.ts";
import { isLoopbackAddress, isTailnetAddress, normalizeAddress } from "../../../base/net/address.ts";
import type { ProxiedUser } from "../../../kit/host.ts";
import type { ProgramContext } from "./program.ts";

/** How long an answer may be used, ms: a name, and that there is none. */
const KNOWN_MS = 60_000;
const UNKNOWN_MS = 5_000;
/** How many addresses are remembered. */
const MAX_KNOWN = 256;
/** How many questions may be open at a time; each may be a process. */
const MAX_OPEN = 16;

interface Answer {
  readonly login: Promise<string | undefined>;
  until: number;
}

export class Identities {
  readonly #running: ProgramContext;
  readonly #log: Log;
  readonly #answers = new Map<string, Answer>();
  #open = 0;

  constructor(running: ProgramContext, log: Log) {
    this.#running = running;
    this.#log = log;
  }

  /** The user, when all of it fits together; undefined on any doubt. */
  async identify(request: IncomingMessage): Promise<ProxiedUser | undefined> {
    const claimed = claimOf(request);
    if (claimed === undefined) return undefined;
    const login = await this.#loginAt(claimed.address);
    if (login === claimed.login) return claimed;
    this.#log.debug("a Tailscale identity was not confirmed", { address: claimed.address });
    return undefined;
  }

  #loginAt(address: string): Promise<string | undefined> {
    const now = this.#running.clock.monotonic();
    const known = this.#answers.get(address);
    if (known && now < known.until) return known.login;
    this.#answers.delete(address);
    const [oldest] = this.#answers.keys();
    if (this.#answers.size >= MAX_KNOWN && oldest !== undefined) this.#answers.delete(oldest);
    const answer: Answer = { login: this.#ask(address), until: now + KNOWN_MS };
    this.#answers.set(address, answer);
    void answer.login.then((login) => {
      if (login === undefined) answer.until = this.#running.clock.monotonic() + UNKNOWN_MS;
    });
    return answer.login;
  }

  /** Never rejects: without an answer the caller shows the secret. */
  async #ask(address: string): Promise<string | undefined> {
    if (this.#open >= MAX_OPEN) return undefined;
    this.#open++;
    try {
      const { whois } = await import("./whois.ts");
      return await whois(address, this.#running);
    } catch (error) {
      this.#log.debug("Tailscale did not say who has an address", { address, error: detailOf(error) });
      return undefined;
    } finally {
      this.#open--;
    }
  }
}

/** What the headers claim, when they are those that serve writes: one user, one address of the tailnet, no funnel. */
function claimOf({ headers, socket }: IncomingMessage): ProxiedUser | undefined {
  const login = headers["tailscale-user-login"];
  const forwarded = headers["x-forwarded-for"];
  if (typeof login !== "string" || typeof forwarded !== "string") return undefined;
  if (headers["tailscale-funnel-request"] !== undefined || headers.forwarded !== undefined) return undefined;
  if (!isLoopbackAddress(socket.remoteAddress ?? "")) return undefined;
  const address = normalizeAddress(forwarded);
  if (isIP(address) === 0 || !isTailnetAddress(address)) return undefined;
  return { login: login.toLowerCase(), address };
}
