// A gateway and those who look for it, in a network of their own where multicast of IPv6 goes over loopback. Prints what was heard.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { TYPE } from "../../packages/gateway/src/base/discovery/message.ts";
import { readMessage } from "../../packages/gateway/src/base/discovery/message-reader.ts";
import { writeMessage } from "../../packages/gateway/src/base/discovery/message-writer.ts";
import { browse } from "../../packages/gateway/src/cli/discover/browse.ts";
import { gatewaysIn } from "../../packages/gateway/src/cli/discover/found.ts";
import { testGateway } from "./gateway.ts";
import { within } from "./time-limit.ts";

const [host = "::"] = process.argv.slice(2);
const bind = host === "0.0.0.0" ? { bind: "lan" } : { bind: "custom", customBindHost: host };
const discovery = { name: "six", mdns: { mode: "minimal", interfaces: ["::1"] } };
await using gateway = await testGateway({ config: JSON.stringify({ gateway: bind, discovery }) });
await gateway.logged("the local network is told of this gateway");

const socket = createSocket({ type: "udp6", ipv6Only: true }).bind(0, "::");
await once(socket, "listening");
socket.setMulticastInterface("::%lo");
const name = ["six (Moltbot)", "_moltbot-gw", "_tcp", "local"];
const answered = once(socket, "message");
const question = writeMessage({ id: 7, questions: [{ name, type: TYPE.SRV, isUnicast: false }] });
socket.send(question, 5353, "ff02::fb%lo");
const [bytes] = await within(answered, "the answer over IPv6");
socket.close();
const told = readMessage(bytes as Buffer)?.answers.map(({ data }) => ("address" in data ? data.address : data.kind));
const found = gatewaysIn(await browse(["::1"], 1_500)).map(({ url }) => url.replace(`:${gateway.port}`, ":PORT"));
process.stdout.write(`${JSON.stringify({ told, found })}\n`);
