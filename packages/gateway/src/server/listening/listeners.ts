/** The listeners of a process: a gateway that restarts in place keeps its own open for the next one. */
import { Listener, type ListenerAddress, type ListenerServices } from "./listener.ts";

/** Holds open listeners between a gateway that stops and the next one. */
export class Listeners implements Disposable {
  readonly #kept: Listener[] = [];
  #inherited: readonly number[];

  /** `inherited` are sockets that a supervisor listens on and passes to each process, so that no client is refused during a restart. */
  constructor(inherited: readonly number[] = []) {
    this.#inherited = inherited;
  }

  /** Returns a listener for an address: one that was kept, one of the supervisor, or a new one. Throws `StartError` when the port cannot be bound. */
  async open(address: ListenerAddress, by: ListenerServices): Promise<Listener> {
    const fds = this.#inherited;
    this.#inherited = [];
    for (const fd of fds) {
      const listener = await Listener.inherit(fd, address.certificate, by);
      if (listener) this.#kept.push(listener);
    }
    return this.#take(address) ?? (await Listener.open(address, by));
  }

  /** Takes a kept listener, or closes those that block the port for a new one. */
  #take({ host, port, certificate }: ListenerAddress): Listener | undefined {
    const at = this.#kept.findIndex(
      ({ address }) =>
        address.host === host && address.port === port && address.certificate?.fingerprint === certificate?.fingerprint,
    );
    if (at >= 0) return this.#kept.splice(at, 1)[0];
    for (const listener of this.#kept.filter(({ address }) => address.port === port)) this.#close(listener);
    return undefined;
  }

  /** Keeps a listener for the next gateway. */
  keep(listener: Listener): void {
    listener.pause();
    this.#kept.push(listener);
  }

  /** Closes the listeners that were not taken. */
  [Symbol.dispose](): void {
    for (const listener of [...this.#kept]) this.#close(listener);
  }

  #close(listener: Listener): void {
    this.#kept.splice(this.#kept.indexOf(listener), 1);
    void listener.close();
    listener.endAll();
  }
}
