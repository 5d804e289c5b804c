/** The doors of a process: a gateway that restarts leaves its own to the one that comes. */
import { Door, type DoorPlace, type DoorTools } from "./door.ts";

/** The doors of a process, between the gateway that leaves them and the one that comes. */
export class Doors implements Disposable {
  readonly #left: Door[] = [];
  #inherited: readonly number[];

  /** `inherited` are sockets that a supervisor listens on and passes to each process, so that no restart turns anybody away. */
  constructor(inherited: readonly number[] = []) {
    this.#inherited = inherited;
  }

  /** The door at a place: one that was left, one of the supervisor, or a new one. Throws `StartError` when there is none to have. */
  async open(place: DoorPlace, by: DoorTools): Promise<Door> {
    const fds = this.#inherited;
    this.#inherited = [];
    for (const fd of fds) {
      const door = await Door.inherit(fd, place.certificate, by);
      if (door) this.#left.push(door);
    }
    return this.#take(place) ?? (await Door.open(place, by));
  }

  /** Takes over a door, or closes those that stand in the way of a new one on the port. */
  #take({ host, port, certificate }: DoorPlace): Door | undefined {
    const at = this.#left.findIndex(
      ({ place }) =>
        place.host === host && place.port === port && place.certificate?.fingerprint === certificate?.fingerprint,
    );
    if (at >= 0) return this.#left.splice(at, 1)[0];
    for (const door of this.#left.filter(({ place }) => place.port === port)) this.#close(door);
    return undefined;
  }

  /** Keeps a door for the next gateway. */
  leave(door: Door): void {
    door.rest();
    this.#left.push(door);
  }

  /** Closes the doors that nobody has taken. */
  [Symbol.dispose](): void {
    for (const door of [...this.#left]) this.#close(door);
  }

  #close(door: Door): void {
    this.#left.splice(this.#left.indexOf(door), 1);
    void door.close();
    door.endAll();
  }
}
