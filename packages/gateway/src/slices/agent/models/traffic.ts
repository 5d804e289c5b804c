/** Where requests to providers can be watched and answered: keeping the traffic of a run, and playing it back. */

/**
 * Records or plays back what goes between a run and its providers. The `fetch` it gets and the one it returns see
 * the bare HTTP: credentials in the headers, the body as the provider streams it.
 */
export interface Traffic {
  /** The `fetch` for the requests of a run. Asked for each request. */
  fetchFor(runId: string, fetch: typeof globalThis.fetch): typeof globalThis.fetch;
}
