/** The life of the services: they open in the order of the catalog, resume, start, stop, and are taken down. */
/** Why the gateway stops. */
export interface Ending {
  readonly reason: string;
  /** When it is expected back, ms from now; null when it is not. */
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
