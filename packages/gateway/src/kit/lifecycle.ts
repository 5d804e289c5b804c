/** The life of the services: they open in the order of the catalog, resume, start, stop, and are taken down. */
import type { Log } from "../base/log.ts";
import type { Base } from "./base.ts";
import type { Route } from "./route.ts";
import { propertyOf, type Slice } from "./slice.ts";

/** Why the gateway stops. */
export interface Ending {
  readonly reason: string;
  /** Milliseconds until the gateway is expected back; null when it is not. */
  readonly restartExpectedMs: number | null;
}

/**
 * What a service may do at the turns of a gateway's life. Each hook is called once, in this order, and each in the order
 * of the catalog unless it says otherwise. The constructor comes before all of them: it stores, and fills ports. Whatever
 * fails, the log names the slice.
 */
export interface Lifecycle {
  /**
   * All services are open, the port is not. Takes up what was interrupted, so that the first request finds it. Must not
   * wait for anything outside the process. What it throws ends the start.
   */
  resume?(): void;
  /**
   * The port is open. Begins what runs by itself: timers, connections to platforms. Must not wait: it returns at once, and
   * what it began tells of its own failures. What it throws ends the start.
   */
  start?(): void;
  /**
   * The gateway stops: nobody new connects, those who are connected still are. Ends work that must be told of, and puts
   * on disk what goes on after the next start. Also called when a start has failed. When it fails, the stop goes on with
   * the next slice and throws at its end.
   */
  stop?(ending: Ending): void | Promise<void>;
  /**
   * Last, in the reverse order of the catalog, when every connection is closed: releases what the constructor and `start`
   * took. Those below are gone, those above still work. When it fails, the others are still taken down, and the stop throws.
   */
  [Symbol.asyncDispose]?(): Promise<void>;
  /** As `Symbol.asyncDispose`, for what can be released at once. */
  [Symbol.dispose]?(): void;
}

/**
 * Loads the heavy halves of all slices side by side and opens them in their order; the stack takes them down again. Throws
 * what a slice throws that cannot open.
 */
export async function openSlices(slices: readonly Slice[], base: Base, stack: AsyncDisposableStack): Promise<Services> {
  const services = new Services(base);
  const modules = await Promise.all(slices.map(({ load }) => load?.()));
  for (const [index, slice] of slices.entries()) services.open(slice, modules[index], stack);
  return services;
}

/** The services of a gateway, in the order of the catalog. */
export class Services {
  readonly #log: Log;
  readonly #gateway: Base;
  readonly #all = new Map<Slice, Lifecycle>();
  #stopped: Promise<void> | undefined;

  constructor(base: Base) {
    this.#log = base.log;
    this.#gateway = { ...base };
  }

  /** What handlers, tools and commands are given: the base, and each service under its slice's name. One object for all. */
  get gateway(): Base {
    return this.#gateway;
  }

  /** Opens the next slice; the stack takes it down. */
  open(slice: Slice, module: unknown, stack: AsyncDisposableStack): void {
    const service = this.#named(slice, "open", () => slice.open?.(this.#gateway, module));
    if (!service) return;
    Object.assign(this.#gateway, { [propertyOf(slice.name)]: service });
    this.#all.set(slice, service);
    stack.defer(async () => {
      await this.#named(slice, "be taken down", () =>
        (service[Symbol.asyncDispose] ?? service[Symbol.dispose])?.call(service),
      );
    });
  }

  /** What the slices answer on the HTTP port. */
  routes(): Route[] {
    return [...this.#all].flatMap(([slice, service]) => slice.routes(service));
  }

  resume(): void {
    for (const [slice, service] of this.#all) this.#named(slice, "resume", () => service.resume?.());
  }

  start(): void {
    for (const [slice, service] of this.#all) this.#named(slice, "start", () => service.start?.());
  }

  /** Ends the work of all slices, whatever fails; throws the first failure at the end. A second call joins the first. */
  stop(ending: Ending): Promise<void> {
    this.#stopped ??= this.#stop(ending);
    return this.#stopped;
  }

  async #stop(ending: Ending): Promise<void> {
    const failures: unknown[] = [];
    for (const [slice, service] of this.#all) {
      try {
        await this.#named(slice, "stop", () => service.stop?.(ending));
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Runs a hook, and names the slice in the log when it fails. */
  #named<Result>(slice: Slice, what: string, hook: () => Result): Result {
    const tell = (error: unknown): never => {
      this.#log.error("a slice failed", { slice: slice.name, hook: what, error });
      throw error;
    };
    try {
      const result = hook();
      return result instanceof Promise ? (result.catch(tell) as Result) : result;
    } catch (error) {
      return tell(error);
    }
  }
}
