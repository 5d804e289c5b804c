/**
 * Tailscale in front of the gateway: a claim by `serve` or `funnel` that ends with it, or a listener on the tailnet address. Who
 * comes that way is somebody elsewhere: they sign in and pair like everyone, unless tailscaled itself names their user and the
 * settings let that stand for the secret.
 */
import { defined } from "../../../base/defined.ts";
import { detailOf, ignore, messageOf, StartError, TellableError } from "../../../base/errors.ts";
import { onAbort } from "../../../base/time/deadline.ts";
import type { Base } from "../../../kit/base.ts";
import type { OpenPort, TailscaleSettings } from "../../../kit/host.ts";
import type { Plan } from "./auto.ts";
import type { ProgramContext } from "./program.ts";

/** After a failure it is tried again after this long, ms; twice as long each time while the reason stays. */
const AGAIN_MS = 30_000;
const SELDOM_MS = 10 * 60_000;

interface Status {
  readonly mode: TailscaleSettings["mode"];
  readonly state: "off" | "starting" | "active" | "failed";
  /** What `auto` has come to. */
  readonly via?: Plan["via"];
  readonly url?: string;
  readonly reason?: string;
  /** Whether users whom Tailscale names need no secret. */
  readonly identity?: boolean;
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
    const { mode } = host.tailscale();
    for (let waitMs = AGAIN_MS; !signal.aborted; ) {
      try {
        await this.#holdOnce();
      } catch (error) {
        if (signal.aborted) return;
        const reason = messageOf(error);
        const isNews = this.#status.reason !== reason;
        this.#status = { mode, state: "failed", reason };
        waitMs = isNews ? AGAIN_MS : Math.min(waitMs * 2, SELDOM_MS);
        if (isNews) log.warn("Tailscale does not bring others to this gateway", { reason, detail: detailOf(error) });
      }
      await clock.sleep(waitMs, signal).catch((error: unknown) => ignore(error, "the gateway stops"));
    }
  }

  /** Resolves or throws when what was arranged is over. */
  async #holdOnce(): Promise<void> {
    const settings = this.#base.host.tailscale();
    const { mode, port } = settings;
    if (mode === "off") throw new TellableError("gateway.tailscale.mode is off");
    if (mode !== "auto") return await this.#claimOnce({ mode, port }, settings, {});
    const { planOf } = await import("./auto.ts");
    const plan = await planOf(settings, this.#running(settings));
    const chosen = { via: plan.via, ...defined({ reason: plan.reason }) };
    if (plan.via === "serve") return await this.#claimOnce({ mode: "serve", port }, settings, chosen);
    if (plan.via === "tailnet") return await this.#listenOnce(plan.address, chosen);
    const isNews = this.#status.reason !== plan.reason;
    this.#status = { mode, state: "active", ...chosen };
    if (isNews) this.#base.log.info("the gateway stays on this machine alone", { reason: plan.reason });
    await this.#base.clock.sleep(SELDOM_MS, this.#stop.signal);
  }

  #running({ socket }: TailscaleSettings): ProgramContext {
    const { env, clock } = this.#base;
    return { env, clock, socket, signal: this.#stop.signal };
  }

  async #claimOnce(
    what: { readonly mode: "serve" | "funnel"; readonly port: number },
    settings: TailscaleSettings,
    chosen: Pick<Status, "via" | "reason">,
  ): Promise<void> {
    const { log, host } = this.#base;
    const { signal } = this.#stop;
    const here = targetOf(settings, what.mode);
    const running = this.#running(settings);
    const isNamed = settings.allowsIdentity && what.mode === "serve";
    await using named = isNamed ? await this.#listenForUsers(running) : undefined;
    const { claim } = await import("./claim.ts");
    const target = named === undefined ? here : `http://127.0.0.1:${named.port}`;
    await using held = await claim({ ...what, target }, running);
    using _stop = onAbort(signal, () => void held[Symbol.asyncDispose]());
    using _origin = host.allowOrigin(held.url);
    this.#status = {
      mode: settings.mode,
      state: "active",
      ...chosen,
      url: held.url,
      ...(isNamed && { identity: true }),
    };
    log.info("Tailscale brings others to this gateway", { mode: what.mode, url: held.url });
    throw new TellableError(`tailscale ${what.mode} has ended: ${await held.ended}`);
  }

  /** A listener that only the claim is told, where requests are matched with what tailscaled says. */
  async #listenForUsers(running: ProgramContext): Promise<OpenPort> {
    const { Identities } = await import("./identity.ts");
    const identities = new Identities(running, this.#base.log);
    return await this.#base.host.listenAlso({ identify: (request) => identities.identify(request) });
  }

  async #listenOn(host: string): Promise<OpenPort> {
    try {
      return await this.#base.host.listenAlso({ host });
    } catch (cause) {
      if (!(cause instanceof StartError)) throw cause;
      throw new TellableError(
        `the gateway cannot listen on its tailnet address ${host}; look whether Tailscale is up`,
        {
          cause,
        },
      );
    }
  }

  /** Listens on the tailnet address too, until the gateway stops. */
  async #listenOnce(address: string, chosen: Pick<Status, "via" | "reason">): Promise<void> {
    const { log, host, clock } = this.#base;
    const shown = address.includes(":") ? `[${address}]` : address;
    // With bind lan the gateway listens there already.
    const known = host.pageOrigins().find(({ origin }) => new URL(origin).hostname === shown)?.origin;
    await using opened = known === undefined ? await this.#listenOn(address) : undefined;
    const url = known ?? `${opened?.scheme}://${shown}:${opened?.port}`;
    using _origin = host.allowOrigin(url);
    this.#status = { mode: "auto", state: "active", ...chosen, url };
    log.info("the gateway listens on its tailnet address", { url, reason: chosen.reason });
    const { signal } = this.#stop;
    while (!signal.aborted)
      await clock.sleep(FOREVER_MS, signal).catch((error: unknown) => ignore(error, "the gateway stops"));
  }
}

/** One wait of many, ms: a day. */
const FOREVER_MS = 86_400_000;

/** What Tailscale passes requests to. Throws `TellableError` where that would be wrong. */
function targetOf({ here, isOpen }: TailscaleSettings, mode: "serve" | "funnel"): string {
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
