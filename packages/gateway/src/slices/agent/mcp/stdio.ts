/** MCP over a program's standard streams: one JSON message a line. */
import type { JSONRPCMessage, MCPTransport } from "@ai-sdk/mcp";
import { detailOf, ignore, TellableError } from "../../../base/errors.ts";
import { Child, type ChildOptions, linesOf } from "../../../base/process/child.ts";

/** The longest line; a message may contain pictures. */
const MAX_LINE_CHARS = 32 * 1024 * 1024;

export class StdioTransport implements MCPTransport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #options: ChildOptions;
  #child: Child | undefined;

  constructor(options: ChildOptions) {
    this.#options = options;
  }

  /** How the program ended, once it has. */
  get ended(): Promise<string> | undefined {
    return this.#child?.ended;
  }

  async start(): Promise<void> {
    const child = new Child(this.#options);
    this.#child = child;
    void this.#read(child);
    void child.ended.then(() => this.onclose?.());
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const child = this.#child;
    if (!child || child.hasEnded) throw new TellableError("the program has ended");
    child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  async close(): Promise<void> {
    await this.#child?.[Symbol.asyncDispose]();
  }

  async #read(child: Child): Promise<void> {
    try {
      for await (const line of linesOf(child.stdout, MAX_LINE_CHARS)) this.#take(line);
    } catch (error) {
      this.onerror?.(error instanceof Error ? error : new Error(detailOf(error)));
      await child[Symbol.asyncDispose]();
    }
  }

  /** Reads a line; programs also write other text, which is ignored. */
  #take(line: string): void {
    if (!line.trim().startsWith("{")) return;
    let message: JSONRPCMessage;
    try {
      message = JSON.parse(line) as JSONRPCMessage;
    } catch (error) {
      return ignore(error, "a line that is not JSON is no message");
    }
    if ((message as { jsonrpc?: unknown }).jsonrpc === "2.0") this.onmessage?.(message);
  }
}
