/** A refusal of a node, as the gateway passes it on: a code of the protocol and a sentence that begins with the reason. */
export class NodeFailure extends Error {
  readonly code: "INVALID_REQUEST" | "UNAVAILABLE";

  constructor(code: NodeFailure["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** A failure because of wrong params. */
export function badParams(message: string): NodeFailure {
  return new NodeFailure("INVALID_REQUEST", `INVALID_REQUEST: ${message}`);
}
