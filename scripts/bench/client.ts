/** The bench's client: raw frames over `ws`, so that its own cost stays small and equal for gateway and floor. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { once } from "node:events";
import { connect as tcpConnect } from "node:net";
import { type RawData, WebSocket } from "ws";

export interface Device {
  readonly id: string;
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

export function newDevice(): Device {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(12);
  return { id: createHash("sha256").update(raw).digest("hex"), publicKey: raw.toString("base64url"), privateKey };
}

export interface ConnectOptions {
  readonly port: number;
  readonly token: string;
  readonly device?: Device;
  readonly mode?: string;
  /** 3 by default. A client of today has few scopes without a device, unless it is a command line. */
  readonly protocol?: 3 | 4;
}

/** A connection after its hello-ok. */
export class Client {
  readonly socket: WebSocket;
  readonly hello: unknown;
  #nextId = 0;

  constructor(socket: WebSocket, hello: unknown) {
    this.socket = socket;
    this.hello = hello;
  }

  /** One request and its final answer's payload. */
  request(method: string, params: unknown = {}): Promise<unknown> {
    const id = `r${this.#nextId++}`;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const onMessage = (data: RawData) => {
      const frame = JSON.parse(data.toString());
      if (frame.id !== id || frame.payload?.status === "accepted") return;
      this.socket.off("message", onMessage);
      if (frame.ok) resolve(frame.payload);
      else reject(new Error(`${method}: ${frame.error.message}`));
    };
    this.socket.on("message", onMessage);
    this.socket.send(JSON.stringify({ type: "req", id, method, params }));
    return promise;
  }

  /** Sends `count` requests, never more than `depth` unanswered; resolves when all are answered. */
  pipeline(method: string, count: number, depth: number, params: unknown = {}): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let sent = 0;
    let answered = 0;
    const send = () => this.socket.send(JSON.stringify({ type: "req", id: `p${sent++}`, method, params }));
    const onMessage = (data: RawData) => {
      // Only answers begin so: events are not counted, and nothing is parsed.
      if (data.toString("latin1", 0, 13) !== '{"type":"res"') return;
      if (++answered === count) {
        this.socket.off("message", onMessage);
        resolve();
      } else if (sent < count) send();
    };
    this.socket.on("message", onMessage);
    while (sent < Math.min(depth, count)) send();
    return promise;
  }

  close(): void {
    this.socket.close();
  }
}

/** Connects and shakes hands as an operator, in protocol 3 unless another is asked for. */
export async function connect({ mode = "backend", ...options }: ConnectOptions): Promise<Client> {
  const client = { id: mode === "cli" ? "cli" : "gateway-client", version: "1", platform: "linux", mode };
  return await shakeHands(options, { role: "operator", client, scopes: ["operator.admin"] });
}

/** Connects as a node of protocol 3 that offers one command. */
export async function connectNode(options: ConnectOptions & { readonly device: Device }): Promise<Client> {
  const client = { id: "node-host", version: "1", platform: "linux", mode: "node" };
  return await shakeHands(options, { role: "node", client, scopes: [], commands: ["system.which"] });
}

interface Hello {
  readonly role: string;
  readonly client: { readonly id: string; readonly mode: string };
  readonly scopes: readonly string[];
  readonly commands?: readonly string[];
}

async function shakeHands({ port, token, device, protocol = 3 }: ConnectOptions, hello: Hello): Promise<Client> {
  const { role, client, scopes } = hello;
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
  const [challenge] = (await once(socket, "message")) as [RawData];
  const { nonce } = JSON.parse(challenge.toString()).payload;
  const signedAt = Date.now();
  const text =
    device && ["v2", device.id, client.id, client.mode, role, scopes.join(","), signedAt, token, nonce].join("|");
  const params = {
    minProtocol: protocol,
    maxProtocol: protocol,
    ...hello,
    auth: { token },
    ...(device &&
      text && {
        device: {
          id: device.id,
          publicKey: device.publicKey,
          signature: sign(null, Buffer.from(text), device.privateKey).toString("base64url"),
          signedAt,
          nonce,
        },
      }),
  };
  socket.send(JSON.stringify({ type: "req", id: "connect", method: "connect", params }));
  const [data] = (await once(socket, "message")) as [RawData];
  const frame = JSON.parse(data.toString());
  if (!frame.ok) throw new Error(`connect: ${frame.error.message}`);
  return new Client(socket, frame.payload);
}

/** Resolves as soon as something listens on the port. */
export async function waitForPort(port: number): Promise<void> {
  for (;;) {
    const socket = tcpConnect(port, "127.0.0.1");
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
