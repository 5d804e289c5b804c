/** A problem of a message, in words with which its author can correct it. */
export class A2uiError extends Error {
  /** The line of JSONL, or the number of the message in a list, counted from 1. */
  readonly line?: number;
  /** The problem, without the line. */
  readonly reason: string;

  constructor(reason: string, at: { readonly line?: number | undefined } = {}) {
    super(at.line === undefined ? reason : `line ${at.line}: ${reason}`);
    this.name = "A2uiError";
    this.reason = reason;
    if (at.line !== undefined) this.line = at.line;
  }
}

/** Runs `work`, and says of its errors at which line they were. */
export function atLine<T>(line: number | undefined, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof A2uiError && error.line === undefined) throw new A2uiError(error.reason, { line });
    throw error;
  }
}
