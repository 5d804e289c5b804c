/** Which trace the requests of a run belong to (W3C Trace Context). */

/** Gives the trace of a run. Without it, requests name no trace. */
export interface RunTracing {
  /** A run begins on a request that named a trace in its header `traceparent`. Anything but a valid value is ignored. */
  join(runId: string, traceparent: unknown): void;
  /** The headers that name the trace of a run to those whom it asks. */
  headersFor(runId: string): Readonly<Record<string, string>>;
}

export const NO_TRACING: RunTracing = { join() {}, headersFor: () => ({}) };

/** A `fetch` whose requests name the trace. */
export function tracedFetch(headers: Readonly<Record<string, string>>, fetch: typeof globalThis.fetch) {
  if (Object.keys(headers).length === 0) return fetch;
  const traced: typeof globalThis.fetch = (url, init = {}) => {
    const all = new Headers(init.headers);
    for (const [name, value] of Object.entries(headers)) all.set(name, value);
    return fetch(url, { ...init, headers: all });
  };
  return traced;
}
