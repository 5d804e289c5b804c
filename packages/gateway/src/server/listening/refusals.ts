/** Refusals below HTTP: of bytes that are no request, and of upgrades. */
import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { codeOf } from "../../base/errors.ts";
import type { Clock } from "../../base/time/clock.ts";
import { LIMITS } from "../limits.ts";

/** Answers to a request head that is not HTTP, is too large, or did not come in time (RFC 9110, RFC 6585). */
const HEAD_PROBLEMS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Content Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

/** Sockets to which a refusal has been written. */
const refused = new WeakSet<Duplex>();

/**
 * Answers bytes that are no HTTP request, and closes. A socket that is gone, or in the middle of an answer, is ended
 * without one.
 */
export function refuseHead(error: Error, socket: Duplex, clock: Clock): void {
  const code = codeOf(error) ?? "";
  // Every further chunk raises this error again; ignore it, so that the answer can arrive.
  if (refused.has(socket) && code !== "ECONNRESET") return;
  // Node keeps the answer under way on the socket; its own default handler looks there too.
  const { _httpMessage: answering } = socket as { _httpMessage?: ServerResponse | null };
  if (!socket.writable || code === "ECONNRESET" || answering?.headersSent) return void socket.destroy();
  const status = HEAD_PROBLEMS[code] ?? "400 Bad Request";
  const text = status.slice(4);
  refused.add(socket);
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
  );
  // Read and discard what still comes: closing with unread bytes resets the connection, and the answer would be lost.
  socket.resume();
  const limit = clock.after(LIMITS.closeMs, () => socket.destroy());
  socket.once("close", () => limit[Symbol.dispose]());
}

/** Answers an upgrade that is refused, and closes. */
export function refuseUpgrade(socket: Duplex, status: string, text: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\n${text}`);
}
