/** Refuses requests that are not valid HTTP. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { codeOf } from "../../base/errors.ts";
import type { Clock } from "../../base/time/clock.ts";
import { LIMITS } from "../limits.ts";

/** Whether a request has several Host headers: another program on its way may have gone by another of them (RFC 9112). */
export function hasSeveralHosts({ rawHeaders }: IncomingMessage): boolean {
  return rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === "host").length > 1;
}

export const SEVERAL_HOSTS = "A request has one Host header.";
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
export function answerBadRequest(error: Error, socket: Duplex, clock: Clock): void {
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
