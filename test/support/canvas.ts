/** A gateway with a canvas, asked over raw sockets: no client tidies up what is sent. */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { WebSocket } from "ws";
import { type TestGateway, type TestGatewayOptions, testGateway } from "./gateway.ts";
import { RawSocket } from "./raw-socket.ts";
import { within } from "./time-limit.ts";

/** An answer as it came. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface CanvasStage extends AsyncDisposable {
  readonly gateway: TestGateway;
  /** The canvas's own port. */
  readonly port: number;
  /** The folder that is served. */
  readonly root: string;
  /** Writes a file of the canvas, as a person does. */
  write(path: string, data: string | Uint8Array): void;
}

/** Starts a gateway with an empty canvas; `canvasHost` is merged into its section of the settings. */
export async function canvasStage(
  canvasHost: Readonly<Record<string, unknown>> = {},
  options: TestGatewayOptions = {},
): Promise<CanvasStage> {
  const root = join(mkdtempSync(join(tmpdir(), "moltbot-canvas-")), "canvas");
  mkdirSync(root);
  const config = JSON.stringify({ canvasHost: { root, ...canvasHost } });
  const gateway = await testGateway({ config, ...options });
  const { fields } = await gateway.logged("the canvas listens");
  return {
    ...{ gateway, root, port: Number(fields.port) },
    write(path, data) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), data);
    },
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

/** Sends a request exactly as written and reads the answer to its end. */
export async function askRaw(
  port: number,
  target: string,
  { method = "GET", headers = {} }: { method?: string; headers?: Readonly<Record<string, string>> } = {},
): Promise<RawAnswer> {
  using raw = await RawSocket.open(port);
  const all = { Host: `127.0.0.1:${port}`, Connection: "close", ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  raw.write(`${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`);
  const text = await raw.text();
  const [head = "", ...rest] = text.split("\r\n\r\n");
  const [first = "", ...fields] = head.split("\r\n");
  return {
    status: Number(first.split(" ")[1]),
    headers: Object.fromEntries(fields.map((field) => [nameOf(field), field.slice(field.indexOf(":") + 1).trim()])),
    body: rest.join("\r\n\r\n"),
  };
}

function nameOf(field: string): string {
  return field.slice(0, field.indexOf(":")).toLowerCase();
}

/** A page that listens: what it was sent, and how its socket ended. */
export class Listener implements Disposable {
  readonly received: string[] = [];
  readonly closed: Promise<number>;
  readonly socket: WebSocket;
  #wake = Promise.withResolvers<void>();

  private constructor(url: string, headers: Readonly<Record<string, string>>) {
    this.socket = new WebSocket(url, { headers });
    this.socket.on("error", () => undefined);
    this.socket.on("message", (data) => {
      this.received.push(String(data));
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    });
    this.closed = new Promise((resolve) => this.socket.once("close", (code) => resolve(code)));
  }

  /** Opens a socket; rejects with the status when it is refused. */
  static async open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Listener> {
    const listener = new Listener(url, headers);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    listener.socket.once("open", resolve);
    listener.socket.once("error", reject);
    listener.socket.once("unexpected-response", (_request, response) => {
      reject(new Error(`refused with ${response.statusCode}`));
      response.destroy();
    });
    await within(promise, "the socket to open");
    return listener;
  }

  /** The message at this place, once it is there. */
  async message(index: number): Promise<string> {
    while (this.received.length <= index) await within(this.#wake.promise, `message ${index}`);
    return this.received[index]!;
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }
}
