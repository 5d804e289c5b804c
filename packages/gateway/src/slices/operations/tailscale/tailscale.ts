/**
 * Tailscale in front of the gateway: a claim by `serve` or `funnel` that ends with it. Who comes through it is somebody
 * elsewhere, whatever headers say: they sign in and pair like everyone.
 */
import { detailOf, ignore, messageOf, TellableError } from "../../../base/errors.ts";
import { onAbort } from "../../../base/time/deadline.ts";
import type { Base } from "../../../kit/base.ts";
import type { TailscaleSettings } from "../../../kit/host.ts";

/** A claim that has ended is made again after this long, ms. */
const AGAIN_MS = 30_000;

interface Status {
  readonly mode: TailscaleSettings["mode"];
  readonly state: "off" | "starting" | "active" | "failed";
  readonly url?: string;
  readonly reason?: string;
}

export class Tailscale implements AsyncDisposable {
  readonly #base: Base;
  readonly #stop = new AbortController();
  #status: Status = { mode: "off", state: "off" };
  #work: Promise<void> = Promise.resolve();

  constructor(base: Base) {
    this.#base = base;
  }

  status(): Status {
    return this.#status;
  }

  /** The port is open. Nobody waits for Tailscale: it may take a minute after the machine has started. */
  start(): void {
    const { mode } = this.#base.host.tailscale();
    if (mode === "off") return;
    this.#status = { mode, state: "starting" };
    this.#work = this.#hold();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new TellableError("the gateway stops"));
    await this.#work;
  }

  /** Makes the claim again and again, until the gateway stops. */
  async #hold(): Promise<void> {
    const { clock, log, host } = this.#base;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#claimOnce();
      } catch (error) {
        if (signal.aborted) return;
        const reason = messageOf(error);
        const isNews = this.#status.reason !== reason;
        this.#status = { mode: host.tailscale().mode, state: "failed", reason };
        if (isNews) log.warn("Tailscale does not bring others to this gateway", { reason, detail: detailOf(error) });
      }
      await clock.sleep(AGAIN_MS, signal).catch((error: unknown) => ignore(error, "the gateway stops"));
    }
  }

  /** Resolves or throws when the claim is over. */
  async #claimOnce(): Promise<void> {
    const { env, clock, log, host } = this.#base;
    const { signal } = this.#stop;
    const settings = host.tailscale();
    const target = targetOf(settings);
    const { claim } = await import("./claim.ts");
    const { mode, port } = settings;
    if (mode === "off") throw new TellableError("gateway.tailscale.mode is off");
    await using held = await claim({ mode, port, target }, { env, clock, signal });
    using _stop = onAbort(signal, () => void held[Symbol.asyncDispose]());
    using _origin = host.allowOrigin(held.url);
    this.#status = { mode, state: "active", url: held.url };
    log.info("Tailscale brings others to this gateway", { mode, url: held.url });
    throw new TellableError(`tailscale ${mode} has ended: ${await held.ended}`);
  }
}

/** What Tailscale passes requests to. Throws `TellableError` where that would be wrong. */
function targetOf({ mode, here, isOpen }: TailscaleSettings): string {
  if (isOpen && mode === "funnel")
    throw new TellableError(
      "funnel opens the gateway to everyone, so it needs a secret: set gateway.auth.mode to token or password",
    );
  if (here === undefined)
    throw new TellableError(
      `tailscale ${mode} needs a gateway on loopback: set gateway.bind to loopback, or gateway.tailscale.mode to off`,
    );
  return here.replace(/^https:/, "https+insecure:");
}
