/**
 * The floor: a bare `ws` server that does to the same frames what no server can leave out — parse them, build the
 * answers, send them — and nothing else. Prints its port. Run as a process of its own.
 */
import { createPublicKey, type KeyObject, randomUUID, verify } from "node:crypto";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
const clients = new Set<WebSocket>();
/** A client that calls are handed on to, and who waits for the answers. */
let node: WebSocket | undefined;
let calls = 0;
const callers = new Map<string, { readonly socket: WebSocket; readonly id: string }>();
/** The payloads that the gateway answers with, given by the bench so that both send the same bytes. */
const payloads = new Map<string, unknown>();

server.on("connection", (socket) => {
  clients.add(socket);
  socket.on("close", () => clients.delete(socket));
  socket.send(
    JSON.stringify({ type: "event", event: "connect.challenge", payload: { nonce: randomUUID(), ts: Date.now() } }),
  );
  socket.on("message", (data) => {
    const { id, method, params } = JSON.parse(data.toString());
    if (method === "floor.payload") payloads.set(params.method, params.payload);
    if (method === "floor.broadcast") {
      const frame = JSON.stringify({ type: "event", event: params.event, payload: payloads.get(params.event), seq: 1 });
      for (const client of clients) client.send(frame);
    }
    if (method === "floor.node") node = socket;
    if (method === "floor.invoke") {
      callers.set(String(++calls), { socket, id });
      const payload = { id: String(calls), nodeId: "n", command: "c", paramsJSON: "{}", idempotencyKey: "k" };
      return node?.send(JSON.stringify({ type: "event", event: "floor.invoke", payload }));
    }
    if (method === "floor.result") {
      const caller = callers.get(params.id);
      callers.delete(params.id);
      const payload = { ok: true, payload: JSON.parse(params.payloadJSON), payloadJSON: params.payloadJSON };
      caller?.socket.send(JSON.stringify({ type: "res", id: caller.id, ok: true, payload }));
    }
    if (method === "connect" && params.device && !isProven(params.device)) return socket.close(1008);
    socket.send(JSON.stringify({ type: "res", id, ok: true, payload: payloads.get(method) }));
  });
});

function isProven({ publicKey, signature }: { publicKey: string; signature: string }): boolean {
  const der = Buffer.concat([SPKI_PREFIX, Buffer.from(publicKey, "base64url")]);
  const key: KeyObject = createPublicKey({ key: der, format: "der", type: "spki" });
  verify(
    null,
    Buffer.from("a payload of about the usual length, as long as the one that a real client signs in a connect"),
    key,
    Buffer.from(signature, "base64url"),
  );
  return true;
}

server.on("listening", () => console.log(`port ${(server.address() as AddressInfo).port}`));
