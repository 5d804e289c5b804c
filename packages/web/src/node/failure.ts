// How a call fails: a code of the protocol, which stands before the sentence too, because callers read it in either place.

/** A failure that the caller is told. */
export class NodeFailure extends Error {
  readonly code: string;

  constructor(code: string, text: string) {
    super(`${code}: ${text}`);
    this.code = code;
  }
}

/** A call that asks for what cannot be. */
export function badParams(text: string): NodeFailure {
  return new NodeFailure("INVALID_REQUEST", text);
}

/** What the gateway is told of an error. Texts of the browser's own errors stay here. */
export function failureOf(error: unknown): { code: string; message: string } {
  if (error instanceof NodeFailure) return { code: error.code, message: error.message };
  return {
    code: "UNAVAILABLE",
    message: "UNAVAILABLE: the browser could not do it; look at its page for what is wrong",
  };
}
