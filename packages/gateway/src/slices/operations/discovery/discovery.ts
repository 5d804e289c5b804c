/**
 * Has the local network told of the gateway, where it listens beyond this machine. The part that speaks is loaded only then.
 */

import { existsSync } from "node:fs";
import { isIP } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { defined } from "../../../base/defined.ts";
import { hostLabel, type Service, textOf } from "../../../base/discovery/service.ts";
import { ignore, messageOf, TellableError } from "../../../base/errors.ts";
import { envOf } from "../../../base/files.ts";
import { isLoopbackAddress, isTailnetAddress } from "../../../base/net/address.ts";
import { cutUtf8 } from "../../../base/text/cut-utf8.ts";
import type { Base } from "../../../kit/base.ts";
import { discovery as settings } from "./settings.ts";

type Mode = "off" | "minimal" | "full";

interface Status {
  readonly state: "off" | "starting" | "active" | "failed";
  readonly reason?: string;
  readonly name?: string;
  readonly host?: string;
  readonly addresses?: readonly string[];
}

/** A machine's addresses change without an event that Node tells of, and so may the certificate; a look is cheap, ms. */
const LOOK_EVERY_MS = 60_000;
/** Names may be free again, and networks there, after a while, ms. */
const AGAIN_MS = 900_000;
const CONTAINER_MARKS = ["/.dockerenv", "/run/.containerenv"];
const SSH_PORT = 22;

export class Discovery implements AsyncDisposable {
  readonly #base: Base;
  readonly #stop = new AbortController();
  #status: Status = { state: "off", reason: "the gateway does not listen yet" };
  #work: Promise<void> = Promise.resolve();

  constructor(base: Base) {
    this.#base = base;
  }

  status() {
    const { addresses, ...told } = this.#status;
    const service = this.#service();
    const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    const tailnetAddresses = own.map(({ address }) => address).filter(isTailnetAddress);
    return {
      ...{ mode: this.#mode.mode, ...told, ...(addresses && { addresses: [...addresses] }) },
      pins: this.#base.host.listens().pins.map((each) => ({ ...each })),
      service: { ...service, text: [...service.text], tailnetAddresses },
    };
  }

  /** The port is open. */
  start(): void {
    const reason = this.#whyNot();
    this.#status = { state: reason === undefined ? "starting" : "off", ...defined({ reason }) };
    if (reason === undefined) this.#work = this.#tell();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new TellableError("the gateway stops"));
    await this.#work;
  }

  get #mode(): { readonly mode: Mode; readonly reason?: string } {
    const { mode } = this.#base.config.of(settings).current.mdns as { readonly mode?: Mode };
    if (envOf(this.#base.env, "DISABLE_BONJOUR") === "1")
      return { mode: "off", reason: "MOLTBOT_DISABLE_BONJOUR is 1" };
    if (mode !== undefined) return { mode, ...(mode === "off" && { reason: "discovery.mdns.mode is off" }) };
    if (!CONTAINER_MARKS.some((path) => existsSync(path))) return { mode: "minimal" };
    return {
      mode: "off",
      reason: "this is a container, whose network others do not share; discovery.mdns.mode turns it on",
    };
  }

  /** Why nobody is told. */
  #whyNot(): string | undefined {
    const { reason } = this.#mode;
    if (reason !== undefined) return reason;
    const { host } = this.#base.host.listens();
    if (isLoopbackAddress(host)) return "the gateway listens on this machine only; set gateway.bind to lan";
    if (isTailnetAddress(host)) return "a tailnet has no multicast; `moltbot dns zone` writes a zone for it";
    return undefined;
  }

  /** What is told; the names may get a number where others have them. */
  #service(): Service {
    const { env, config, host } = this.#base;
    const { port, scheme, fingerprint, pins } = host.listens();
    const machine = hostname().split(".", 1)[0] || "gateway";
    const displayName = cutUtf8((config.of(settings).current.name ?? machine).replace(/[\p{Cc}\p{Cf}]/gu, ""), 48);
    const label = hostLabel(hostname());
    const tailnet = host.pageOrigins().find(({ origin }) => new URL(origin).hostname.endsWith(".ts.net"));
    const text = textOf({
      ...{ gatewayPort: port, lanHost: `${label}.local`, displayName, isTls: scheme === "https" },
      tlsSha256: fingerprint?.replaceAll(":", "").toLowerCase(),
      tlsKeySha256: pins.at(-1)?.key.replace("spki:", ""),
      ...(this.#mode.mode === "full" && {
        sshPort: Number(envOf(env, "SSH_PORT")) || SSH_PORT,
        cliPath: envOf(env, "CLI_PATH") ?? process.argv[1],
        tailnetDns: envOf(env, "TAILNET_DNS") ?? (tailnet && new URL(tailnet.origin).hostname),
      }),
    });
    return { label: `${displayName} (Moltbot)`, host: label, port, text };
  }

  /** Never rejects: a gateway works without it. A network that does not let it speak is tried again later. */
  async #tell(): Promise<void> {
    const { clock, log } = this.#base;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#tellUntilStopped();
      } catch (error) {
        if (signal.aborted) return;
        const reason = messageOf(error);
        const isNews = this.#status.reason !== reason;
        this.#status = { state: "failed", reason };
        const level = isNews ? "warn" : "debug";
        log[level]("the local network is not told of this gateway", { reason, error, againInMs: AGAIN_MS });
        await clock.sleep(AGAIN_MS, signal).catch((stopped: unknown) => ignore(stopped, "asked for at the top"));
      }
    }
  }

  async #tellUntilStopped(): Promise<void> {
    const { clock, log, config, host } = this.#base;
    const { signal } = this.#stop;
    const [{ interfacesOf, Multicast }, { Responder }] = await Promise.all([
      import("../../../base/discovery/multicast.ts"),
      import("./responder.ts"),
    ]);
    const bound = host.listens().host;
    const wanted = config.of(settings).current.mdns.interfaces;
    const chosen = () => interfacesOf(wanted.length > 0 || bound === "0.0.0.0" || bound === "::" ? wanted : [bound]);
    const isReached = (address: string) =>
      bound === "::" || bound === address || (bound === "0.0.0.0" && isIP(address) === 4);
    const multicast = await Multicast.open(chosen());
    await using responder = new Responder(multicast, this.#service(), { clock, log, signal, isReached });
    let before = JSON.stringify([chosen(), this.#service()]);
    using _looker = clock.every(LOOK_EVERY_MS, () => {
      const now = chosen();
      const service = this.#service();
      if (JSON.stringify([now, service]) === before) return;
      before = JSON.stringify([now, service]);
      void responder.changed(now, service);
    });
    await responder.run(() => {
      const { instance: name, host } = responder.names;
      this.#status = { state: "active", name, host: host.join("."), addresses: responder.addresses };
      log.info("the local network is told of this gateway", { name, addresses: responder.addresses });
    });
  }
}
