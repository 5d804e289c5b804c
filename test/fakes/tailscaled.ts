// The LocalAPI of a tailscaled: HTTP on a unix socket, which refuses other Host headers as the real one does.
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A peer as whois tells of it. */
export function peer(login: string, address: string, more: Readonly<Record<string, unknown>> = {}) {
  return {
    Node: { ID: 7, Name: "phone.tail1.ts.net.", ComputedName: "phone", Addresses: [`${address}/32`], ...more },
    UserProfile: { ID: 9, LoginName: login, DisplayName: "Ann", ProfilePicURL: "" },
    CapMap: {},
  };
}

export class FakeTailscaled implements AsyncDisposable {
  /** Who has which address. */
  readonly people = new Map<string, unknown>();
  /** The addresses that were asked about. */
  readonly asked: string[] = [];
  /** Answers instead of the usual. */
  behave: ((response: ServerResponse) => void) | undefined;
  readonly #folder = mkdtempSync(join(tmpdir(), "moltbot-tailscaled-"));
  readonly #server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://x");
    const place = url.searchParams.get("addr") ?? "";
    this.asked.push(place);
    if (this.behave) return this.behave(response);
    const isMeant = request.headers.host === "local-tailscaled.sock" && url.pathname === "/localapi/v0/whois";
    if (!isMeant) return void response.writeHead(403).end("invalid localapi request\n");
    const found = this.people.get(place.replace(/:\d+$/, ""));
    if (found === undefined) return void response.writeHead(404).end("no match for IP:port\n");
    response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(found));
  });

  get socket(): string {
    return join(this.#folder, "tailscaled.sock");
  }

  async listen(): Promise<this> {
    this.#server.listen(this.socket);
    await once(this.#server, "listening");
    return this;
  }

  /** Goes away, as a daemon that was ended. */
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
