/** Messages whose files are still being read, so that they can be stopped before their runs begin. */
import type { SendParams } from "../../agent/agent/intake/request.ts";
import type { AbortReason } from "../../agent/agent/run/run-store.ts";

interface Entry {
  readonly params: SendParams;
  reason?: AbortReason;
}

export class Arriving {
  readonly #entries = new Set<Entry>();

  /** Reads a message's files with `read`. Returns why it was stopped meanwhile, if it was. Rejects as `read` does. */
  async read<Result>(
    params: SendParams,
    read: () => Promise<Result>,
  ): Promise<{ readonly ready: Result; readonly reason: AbortReason | undefined }> {
    const entry: Entry = { params };
    this.#entries.add(entry);
    try {
      const ready = await read();
      return { ready, reason: entry.reason };
    } finally {
      this.#entries.delete(entry);
    }
  }

  /** Stops those that are meant; returns the ids of their runs. */
  stop(reason: AbortReason, isMeant: (params: SendParams) => boolean): string[] {
    const meant = [...this.#entries].filter(({ params }) => isMeant(params));
    for (const each of meant) each.reason = reason;
    return meant.map(({ params }) => params.idempotencyKey);
  }
}
