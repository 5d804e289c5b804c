/**
 * Multicast DNS over IPv4, and over IPv6 where an interface has it: what is heard comes from this link only, and what is sent
 * goes out on each chosen interface (RFC 6762, 5.4, 11, 15 and 20).
 */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { BlockList, isIP, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import { codeOf, ignore, TellableError } from "../errors.ts";

type Family = 4 | 6;

/** Where multicast DNS is spoken (RFC 6762, 3). */
const GROUPS: Readonly<Record<Family, string>> = { 4: "224.0.0.251", 6: "ff02::fb" };
export const MDNS_PORT = 5353;

/** An address of this machine, and which others are on its link. */
export interface Interface {
  /** What follows `%` in addresses of the link: the name of the interface, and on Windows its number. */
  readonly scope: string;
  readonly address: string;
  /** The address with the length of its prefix. */
  readonly cidr: string;
}

/** Who sent a message. */
export interface Sender {
  readonly address: string;
  readonly port: number;
}

/**
 * The interfaces with these addresses, and what they have of IPv6 beside them; all but loopback when none is named.
 */
export function interfacesOf(wanted: readonly string[]): Interface[] {
  return Object.entries(networkInterfaces()).flatMap(([name, list = []]) => {
    const isMeant = list.some(({ address, internal }) => (wanted.length === 0 ? !internal : wanted.includes(address)));
    if (!isMeant) return [];
    const numbers = list.map((each) => (each.family === "IPv6" ? each.scopeid : 0));
    const scope = process.platform === "win32" ? String(Math.max(...numbers)) : name;
    return list.flatMap(({ address, cidr }) => {
      const isNamed = wanted.length === 0 || wanted.includes(address) || isIPv6(address);
      return isNamed && cidr !== null ? [{ scope, address, cidr }] : [];
    });
  });
}

/** Whether an address is on the link of an interface. An address of the link itself says of which. */
export function isOnLink(from: string, { scope, cidr }: Interface): boolean {
  const [address = "", itsScope] = from.split("%");
  const [own = "", prefix] = cidr.split("/");
  const family = isIP(own);
  if (isIP(address) !== family) return false;
  if (itsScope !== undefined) return itsScope === scope;
  const type = family === 6 ? "ipv6" : "ipv4";
  const link = new BlockList();
  link.addSubnet(own, Number(prefix), type);
  return link.check(address, type);
}

export class Multicast implements AsyncDisposable {
  readonly #groups: readonly Group[];

  private constructor(groups: readonly Group[]) {
    this.#groups = groups;
  }

  /**
   * Takes part in multicast DNS on these interfaces. With `mayBeAlone` another port is taken where another program keeps
   * 5353 to itself; only answers to our own questions are heard then. Throws `TellableError` that says what to do.
   */
  static async open(interfaces: readonly Interface[], { mayBeAlone = false } = {}): Promise<Multicast> {
    const opened = await Promise.allSettled([Group.open(4, mayBeAlone), Group.open(6, mayBeAlone)]);
    const self = new Multicast(opened.flatMap((each) => (each.status === "fulfilled" ? [each.value] : [])));
    self.join(interfaces);
    // A machine without IPv6 has no socket of it.
    const [first] = opened;
    const needsFirst = interfaces.some(({ address }) => isIP(address) === 4);
    if (self.interfaces.length > 0 && (first.status === "fulfilled" || !needsFirst)) return self;
    await self[Symbol.asyncDispose]();
    if (first.status === "rejected") throw first.reason;
    throw new TellableError("this machine has no network in which others could be found");
  }

  /** The interfaces that take part. */
  get interfaces(): readonly Interface[] {
    return this.#groups.flatMap((group) => group.interfaces);
  }

  /** Takes part on these interfaces from here on; one that went away leaves by itself. */
  join(interfaces: readonly Interface[]): void {
    for (const group of this.#groups) group.join(interfaces);
  }

  /** Calls `hear` with each message of this link; what comes from elsewhere is dropped. */
  listen(hear: (bytes: Buffer, from: Sender) => void): void {
    for (const group of this.#groups) group.listen(hear);
  }

  /** Sends to everyone on each link, or to one. Resolves when it is sent; what cannot be sent is dropped. */
  async send(bytes: Buffer, to?: Sender): Promise<void> {
    await Promise.all(this.#groups.map((group) => group.send(bytes, to)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#groups.map((group) => group[Symbol.asyncDispose]()));
  }
}

/** The socket of one family. */
class Group implements AsyncDisposable {
  readonly #family: Family;
  readonly #socket: Socket;
  #interfaces: readonly Interface[] = [];
  #sending: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(family: Family, socket: Socket) {
    this.#family = family;
    this.#socket = socket;
  }

  static async open(family: Family, mayBeAlone: boolean): Promise<Group> {
    const socket = await bound(family, MDNS_PORT).catch((error: unknown) => {
      if (mayBeAlone) return bound(family, 0);
      const port = `UDP port ${MDNS_PORT}`;
      throw new TellableError(`another program keeps ${port} to itself; end it, or set discovery.mdns.mode to off`, {
        cause: error,
      });
    });
    socket.on("error", (error) => ignore(error, "a network that goes away is noticed by its interfaces"));
    socket.setMulticastTTL(255);
    socket.setMulticastLoopback(true);
    return new Group(family, socket);
  }

  get interfaces(): readonly Interface[] {
    return this.#interfaces;
  }

  join(interfaces: readonly Interface[]): void {
    this.#interfaces = interfaces.filter((each) => {
      if (isIP(each.address) !== this.#family) return false;
      try {
        this.#socket.addMembership(GROUPS[this.#family], handleOf(each));
        return true;
      } catch (error) {
        return codeOf(error) === "EADDRINUSE";
      }
    });
  }

  listen(hear: (bytes: Buffer, from: Sender) => void): void {
    this.#socket.on("message", (bytes: Buffer, { address, port }: RemoteInfo) => {
      if (this.#interfaces.some((each) => isOnLink(address, each))) hear(bytes, { address, port });
    });
  }

  send(bytes: Buffer, to?: Sender): Promise<void> {
    if (to && (isIP(to.address) === 6 ? 6 : 4) !== this.#family) return Promise.resolve();
    this.#sending = this.#sending.then(() => (to ? this.#sendTo(bytes, to) : this.#sendToAll(bytes)));
    return this.#sending;
  }

  async #sendToAll(bytes: Buffer): Promise<void> {
    // The interface is a state of the socket: one datagram after the other. One may have several addresses.
    for (const handle of new Set(this.#interfaces.map(handleOf))) {
      try {
        if (this.#isClosed) return;
        this.#socket.setMulticastInterface(handle);
      } catch (error) {
        ignore(error, "this interface has gone away");
        continue;
      }
      const [, scope] = handle.split("%");
      const group = GROUPS[this.#family];
      await this.#sendTo(bytes, { address: scope === undefined ? group : `${group}%${scope}`, port: MDNS_PORT });
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

/** What a socket knows an interface by: an address of IPv4, and the name for IPv6. */
function handleOf({ scope, address }: Interface): string {
  return isIPv6(address) ? `::%${scope}` : address;
}

function bound(family: Family, port: number): Promise<Socket> {
  const socket = createSocket(
    family === 6 ? { type: "udp6", reuseAddr: true, ipv6Only: true } : { type: "udp4", reuseAddr: true },
  );
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
