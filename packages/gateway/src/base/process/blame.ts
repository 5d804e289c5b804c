/**
 * Whose fault it is: work that runs a library we do not trust is marked with an owner, and what that library lets
 * escape — a rejection nobody handles, an exception in a timer — ends the owner's work instead of the process.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { detailOf } from "../errors.ts";
import type { Log } from "../log.ts";

/** Something that can end alone. */
export interface Blamed {
  crashed(error: unknown): void;
}

const owner = new AsyncLocalStorage<Blamed>();

/** Runs `fn`; it and everything it starts belongs to `blamed`. */
export function runBlamed<T>(blamed: Blamed, fn: () => T): T {
  return owner.run(blamed, fn);
}

/** Runs `fn` as the gateway's own work again, although an owner's library has called us. */
export function runOwn<T>(fn: () => T): T {
  return owner.exit(fn);
}

/**
 * Catches what escapes everywhere, for as long as it is not disposed: an owner's faults go to the owner; a rejection of
 * our own is a bug that is logged; an exception of our own ends the process with 1, since nothing is certain any more.
 */
export function guardProcess(log: Log): Disposable {
  const onRejection = (reason: unknown) => {
    const blamed = owner.getStore();
    if (blamed) return blamed.crashed(reason);
    log.error("a promise was rejected and nobody waited for it", { error: reason });
  };
  const onException = (error: unknown) => {
    const blamed = owner.getStore();
    if (blamed) return blamed.crashed(error);
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
