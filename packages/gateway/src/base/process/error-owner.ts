/**
 * Assigns escaped errors to an owner. Work that runs a library we do not trust is marked with its owner. An unhandled
 * rejection, or an exception in a timer, of that library then ends the owner's work instead of the process.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { detailOf } from "../errors.ts";
import type { Log } from "../log.ts";

/** An owner whose work can end alone. */
export interface ErrorOwner {
  crashed(error: unknown): void;
}

const current = new AsyncLocalStorage<ErrorOwner>();

/** Runs `fn` and marks it, and everything it starts, as work of `owner`. */
export function runOwnedBy<T>(owner: ErrorOwner, fn: () => T): T {
  return current.run(owner, fn);
}

/** Runs `fn` as the gateway's own work, when an owner's library has called us. */
export function runUnowned<T>(fn: () => T): T {
  return current.exit(fn);
}

/**
 * Catches all unhandled errors of the process until disposed. An owner's error goes to the owner. An unhandled
 * rejection of our own is a bug and is logged. An uncaught exception of our own ends the process with 1, because its
 * state is no longer certain.
 */
export function guardProcess(log: Log): Disposable {
  const onRejection = (reason: unknown) => {
    const owner = current.getStore();
    if (owner) return owner.crashed(reason);
    log.error("a promise was rejected and nobody waited for it", { error: reason });
  };
  const onException = (error: unknown) => {
    const owner = current.getStore();
    if (owner) return owner.crashed(error);
    log.error("the gateway ends after an unexpected error", { error, message: detailOf(error) });
    process.exit(1);
  };
  process.on("unhandledRejection", onRejection);
  process.on("uncaughtException", onException);
  return {
    [Symbol.dispose]() {
      process.off("unhandledRejection", onRejection);
      process.off("uncaughtException", onException);
    },
  };
}
