// A service on a machine that has public addresses itself, in a network of its own; prints what fetches and a browser reach of it.
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { messageOf } from "../../packages/gateway/src/base/errors.ts";
import { safeFetch } from "../../packages/gateway/src/base/net/safe-fetch.ts";
import { systemClock } from "../../packages/gateway/src/base/time/clock.ts";
import { FilteringProxy } from "../../packages/gateway/src/cli/node-host/browser/filtering-proxy.ts";
import { LIMIT_MS, within } from "./time-limit.ts";

const server = createServer((_request, response) => response.end("secret")).listen(0, "::");
await once(server, "listening");
const { port } = server.address() as AddressInfo;
const [v4, v6, neighbour] = process.argv.slice(2).map((address) => `${address}:${port}`);

async function fetched(host: string, allowPrivateHosts: readonly string[] = []): Promise<string> {
  const options = { clock: systemClock, signal: AbortSignal.timeout(LIMIT_MS), maxBytes: 1_000, allowPrivateHosts };
  try {
    using answer = await safeFetch(`http://${host}/`, options);
    return String(await answer.bytes());
  } catch (error) {
    return messageOf(error);
  }
}

async function asked(proxy: FilteringProxy, request: string): Promise<string> {
  const [host, proxyPort] = (await proxy.listen()).split(":");
  const socket = connect(Number(proxyPort), host);
  socket.write(`${request}\r\nHost: x\r\nConnection: close\r\n\r\n`);
  const answer = await within(text(socket), "the door's answer");
  proxy[Symbol.dispose]();
  return `${answer.slice(9, 12)} ${/.* belongs .*|secret/.exec(answer)?.[0] ?? ""}`;
}

const told = {
  fetched: [await fetched(v4!), await fetched(v6!), await fetched(neighbour!), await fetched(v4!, [v4!])],
  browsed: [
    await asked(new FilteringProxy([]), `GET http://${v4}/ HTTP/1.1`),
    await asked(new FilteringProxy([]), `CONNECT ${v6} HTTP/1.1`),
    await asked(new FilteringProxy([v4!]), `GET http://${v4}/ HTTP/1.1`),
  ],
};
process.stdout.write(JSON.stringify(told).replaceAll(`:${port}`, ":PORT"));
server.closeAllConnections();
server.close();
