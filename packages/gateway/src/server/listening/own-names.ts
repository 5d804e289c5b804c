/** The names under which the gateway is known: of this machine, of the settings, and origins that others bring pages from. */
import { hostname } from "node:os";
import type { OwnOrigins } from "../admission/origin.ts";
import type { OwnAddresses } from "./own-addresses.ts";
import type { ServerOptions } from "./server-options.ts";
import type { Certificate } from "./tls.ts";

export class OwnNames {
  readonly #settings: ServerOptions["settings"];
  readonly #addresses: OwnAddresses;
  readonly #hosts = new Set<string>([hostname().toLowerCase(), `${hostname().toLowerCase()}.local`]);
  /** Origins under which others bring pages to us. */
  readonly #further = new Set<string>();

  constructor(settings: ServerOptions["settings"], addresses: OwnAddresses) {
    this.#settings = settings;
    this.#addresses = addresses;
  }

  /** The gateway listens at this address. */
  remember(host: string): void {
    if (host === "0.0.0.0" || host === "::") for (const address of this.#addresses.list) this.#hosts.add(address);
    else this.#hosts.add(host);
  }

  /** Lets pages of a further origin in, until disposed. */
  allowOrigin(origin: string): Disposable {
    this.#further.add(origin);
    return { [Symbol.dispose]: () => void this.#further.delete(origin) };
  }

  /** What counts as ours, as the settings are now. */
  ownOrigins(port: number, certificate: Certificate | undefined): OwnOrigins {
    const { allowedHosts, controlUi } = this.#settings();
    return {
      scheme: certificate ? "https" : "http",
      port,
      hosts: [...this.#hosts, ...allowedHosts, ...[...this.#further].map((each) => new URL(each).hostname)],
      allowedOrigins: [...controlUi.allowedOrigins, ...this.#further],
    };
  }
}
