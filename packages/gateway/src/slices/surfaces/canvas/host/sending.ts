/** Sends the file of a page. A large one is sent piece by piece: a reader who reads nothing makes the gateway hold one piece. */
import { createReadStream } from "node:fs";
import type { ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { ignore, TellableError } from "../../../../base/errors.ts";
import { type Found, ROOT_LIMITS } from "../files/root.ts";

/** What is sent in one piece, bytes. */
const WHOLE_BYTES = 256 * 1024;

/** A file that is ready to be sent. */
export interface Sending {
  /** Bytes. */
  readonly length: number;
  /** Sends it; the head of the answer has been written. */
  to(response: ServerResponse): void;
  /** Sends nothing. */
  drop(): void;
}

const SHRUNK = new TellableError("the file has become shorter while it was sent");

/** Something that is in memory. */
export function sendingOf(body: Buffer): Sending {
  return { length: body.length, to: (response) => void response.end(body), drop: () => {} };
}

/**
 * A file, with what is put into it when it is a page: `within` puts it where it belongs, and a page that is too large to be
 * searched has `tail` at its end. Undefined when it is gone, or has become something else since it was found.
 */
export function sendingFile(
  found: Extract<Found, { kind: "file" }>,
  script?: { within(page: Buffer): Buffer; readonly tail: Buffer },
): Sending | undefined {
  try {
    if (found.stat.size <= WHOLE_BYTES) {
      const data = found.read();
      return sendingOf(script ? script.within(data) : data);
    }
    const file = found.open();
    const tail = script?.tail ?? Buffer.alloc(0);
    if (file.stat.nlink === 1 && file.stat.size <= ROOT_LIMITS.fileBytes) return inPieces(file, file.stat.size, tail);
    file[Symbol.dispose]();
  } catch (error) {
    ignore(error, "it has gone, or may not be read: there is nothing to serve");
  }
  return undefined;
}

function inPieces(file: Disposable & { readonly fd: number }, size: number, tail: Buffer): Sending {
  return {
    length: size + tail.length,
    drop: () => file[Symbol.dispose](),
    to(response) {
      const pieces = createReadStream("", { fd: file.fd, start: 0, end: size - 1, highWaterMark: 64 * 1024 });
      const whole = async function* (source: AsyncIterable<Buffer>) {
        let left = size;
        for await (const piece of source) {
          left -= piece.length;
          yield piece;
        }
        // Fewer bytes than were announced would leave the reader waiting, or take the next answer for the rest.
        if (left > 0) throw SHRUNK;
        yield tail;
      };
      pipeline(pieces, whole, response).catch((error: unknown) => {
        ignore(error, "the reader has gone or the file cannot be read to its end: the connection ends, which tells it");
        response.destroy();
      });
    },
  };
}
