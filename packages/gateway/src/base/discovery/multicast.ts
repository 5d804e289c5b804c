/**
 * A socket of multicast DNS over IPv4: what it hears comes from this link only, and what it sends goes out on each chosen
 * interface (RFC 6762, 5.4, 11 and 15).
 */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { isIPv4 } from "node:net";
import { networkInterfaces } from "node:os";
import { codeOf, ignore, TellableError } from "../errors.ts";

/** Where multicast DNS is spoken (RFC 6762, 3). */
const GROUP = "224.0.0.251";
export const MDNS_PORT = 5353;

/** An address of this machine, and which others are on its link. */
export interface Interface {
  readonly address: string;
  readonly netmask: string;
}

/** Who sent a message. */
export interface Sender {
  readonly address: string;
  readonly port: number;
}

/** The IPv4 interfaces with these addresses; all but loopback when none is named. */
export function interfacesOf(wanted: readonly string[]): Interface[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.filter(
    ({ address, family, internal }) =>
      family === "IPv4" && (wanted.length === 0 ? !internal : wanted.includes(address)),
  );
}

/** Whether an address is on the link of an interface. */
export function isOnLink(address: string, { address: own, netmask }: Interface): boolean {
  if (!isIPv4(address)) return false;
  const mask = numberOf(netmask);
  return (numberOf(address) & mask) === (numberOf(own) & mask);
}

function numberOf(address: string): number {
  return address.split(".").reduce((sum, each) => (sum << 8) | Number(each), 0);
}

export class Multicast implements AsyncDisposable {
  readonly #socket: Socket;
  #interfaces: readonly Interface[] = [];
  #sending: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /**
   * Takes part in multicast DNS on these interfaces. With `mayBeAlone` another port is taken where another program keeps
   * 5353 to itself; only answers to our own questions are heard then. Throws `TellableError` that says what to do.
   */
  static async open(interfaces: readonly Interface[], { mayBeAlone = false } = {}): Promise<Multicast> {
    const socket = await bound(MDNS_PORT).catch((error: unknown) => {
      if (mayBeAlone) return bound(0);
      const port = `UDP port ${MDNS_PORT}`;
      throw new TellableError(`another program keeps ${port} to itself; end it, or set discovery.mdns.mode to off`, {
        cause: error,
      });
    });
    const self = new Multicast(socket);
    socket.on("error", (error) => ignore(error, "a network that goes away is noticed by its interfaces"));
    socket.setMulticastTTL(255);
    socket.setMulticastLoopback(true);
    self.join(interfaces);
    if (self.#interfaces.length > 0) return self;
    await self[Symbol.asyncDispose]();
    throw new TellableError("this machine has no network in which others could be found");
  }

  /** The interfaces that take part. */
  get interfaces(): readonly Interface[] {
    return this.#interfaces;
  }

  /** Takes part on these interfaces from here on; one that went away leaves by itself. */
  join(interfaces: readonly Interface[]): void {
    this.#interfaces = interfaces.filter(({ address }) => {
      try {
        this.#socket.addMembership(GROUP, address);
        return true;
      } catch (error) {
        return codeOf(error) === "EADDRINUSE";
      }
    });
  }

  /** Calls `hear` with each message of this link; what comes from elsewhere is dropped. */
  listen(hear: (bytes: Buffer, from: Sender) => void): void {
    this.#socket.on("message", (bytes: Buffer, { address, port }: RemoteInfo) => {
      if (this.#interfaces.some((each) => isOnLink(address, each))) hear(bytes, { address, port });
    });
  }

  /** Sends to everyone on each link, or to one. Resolves when it is sent; what cannot be sent is dropped. */
  send(bytes: Buffer, to?: Sender): Promise<void> {
    this.#sending = this.#sending.then(() => (to ? this.#sendTo(bytes, to) : this.#sendToAll(bytes)));
    return this.#sending;
  }

  async #sendToAll(bytes: Buffer): Promise<void> {
    // The interface is a state of the socket: one datagram after the other.
    for (const { address } of this.#interfaces) {
      try {
        if (this.#isClosed) return;
        this.#socket.setMulticastInterface(address);
      } catch (error) {
        ignore(error, "this interface has gone away");
        continue;
      }
      await this.#sendTo(bytes, { address: GROUP, port: MDNS_PORT });
    }
  }

  async #sendTo(bytes: Buffer, { address, port }: Sender): Promise<void> {
    if (this.#isClosed) return;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#socket.send(bytes, port, address, (error) => (error ? reject(error) : resolve()));
      });
    } catch (error) {
      ignore(error, "multicast DNS is repeated; a datagram may be lost");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    await this.#sending;
    this.#isClosed = true;
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }
}

function bound(port: number): Promise<Socket> {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  return new Promise((resolve, reject) => {
    socket.once("error", (error) => {
      socket.close();
      reject(error);
    });
    socket.bind(port, () => {
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}
