// How a call fails: a code of the protocol, which stands before the sentence too, because callers read it in either place.

/** A failure that the caller is told. */
export class NodeFailure extends Error {
  readonly code: string;
  /** The sentence without the code, for the person at this browser. */
  readonly text: string;

  constructor(code: string, text: string) {
    super(`${code}: ${text}`);
    this.code = code;
    this.text = text;
  }
}

/** A call that asks for what cannot be. */
export function badParams(text: string): NodeFailure {
  return new NodeFailure("INVALID_REQUEST", text);
}

/** An error as a failure. Texts of the browser's own errors stay here. */
export function failureOf(error: unknown): NodeFailure {
  return error instanceof NodeFailure
    ? error
    : new NodeFailure("UNAVAILABLE", "the browser could not do it; try again");
}
