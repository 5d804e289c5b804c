/** In-process publish and subscribe. Services publish definitions' values; they never see a connection. */

/** What can be published: an event definition is one. `_payload` carries the type only. */
export interface Topic<Payload> {
  readonly name: string;
  readonly _payload?: Payload;
}

export interface PublishOptions {
  /** Only this connection receives it, without a sequence number (protocol: frames, directed events). */
  readonly connId?: string;
}

type Listener = (payload: unknown, options: PublishOptions, topic: Topic<unknown>) => void;

/** Delivers synchronously, in order of subscription. A listener that throws is a bug and surfaces to the publisher. */
export class Bus {
  readonly #listeners = new Map<string, Set<Listener>>();
  /** Listeners of every topic; the set of each topic has them too. */
  readonly #ofAll = new Set<Listener>();

  publish<Payload>(topic: Topic<Payload>, payload: Payload, options: PublishOptions = {}): void {
    const listeners = this.#listeners.get(topic.name) ?? this.#ofAll;
    for (const listener of listeners) listener(payload, options, topic);
  }

  on<Payload>(topic: Topic<Payload>, listener: (payload: Payload, options: PublishOptions) => void): Disposable {
    const listeners = this.#listeners.get(topic.name) ?? new Set(this.#ofAll);
    this.#listeners.set(topic.name, listeners);
    listeners.add(listener as Listener);
    return { [Symbol.dispose]: () => void listeners.delete(listener as Listener) };
  }

  /** Hears every topic, those too that nobody has named yet. */
  onAll(listener: Listener): Disposable {
    const sets = () => [this.#ofAll, ...this.#listeners.values()];
    for (const listeners of sets()) listeners.add(listener);
    return {
      [Symbol.dispose]: () => {
        for (const listeners of sets()) listeners.delete(listener);
      },
    };
  }
}
