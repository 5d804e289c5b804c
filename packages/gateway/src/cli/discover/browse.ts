/** Asks the local network for gateways by multicast DNS. */
import { isSameName, type Name, type Record, TYPE } from "../../base/discovery/message.ts";
import { readMessage } from "../../base/discovery/message-reader.ts";
import { writeMessage } from "../../base/discovery/message-writer.ts";
import { interfacesOf, MDNS_PORT, Multicast, type Sender } from "../../base/discovery/multicast.ts";
import { SERVICE_TYPES } from "../../base/discovery/service.ts";
import { systemClock } from "../../base/time/clock.ts";
import { isGatewayType, type ReceivedRecord } from "./found.ts";

/** How much is remembered of what a network tells. */
const MAX_TOLD = 2_000;
/** Questions for what answers left out, for all of them together. */
const MAX_QUESTIONS = 200;
/** Questions in one datagram. */
const MAX_IN_ONE = 5;
/** When the question is asked, ms: again after a second, since a datagram may be lost (RFC 6762, 5.2). */
const ASK_AT_MS = [0, 1_000, 3_000];

/** All records about gateways that come within `ms`. Throws `TellableError` where no network takes part. */
export async function browse(addresses: readonly string[], ms: number): Promise<ReceivedRecord[]> {
  await using multicast = await Multicast.open(interfacesOf(addresses), { mayBeAlone: true });
  const told: ReceivedRecord[] = [];
  const asked = new Set<string>();
  multicast.listen((bytes, from) => {
    const records = answersIn(bytes, from);
    for (const record of records) if (told.length < MAX_TOLD) told.push({ record, from: from.address });
    askForMore(multicast, told, asked);
  });
  const question = writeMessage({
    questions: SERVICE_TYPES.map((brand) => ({ name: [brand, "_tcp", "local"], type: TYPE.PTR, isUnicast: false })),
  });
  const until = systemClock.monotonic() + ms;
  for (const [at, next] of ASK_AT_MS.map((each, index) => [each, ASK_AT_MS[index + 1] ?? ms] as const)) {
    if (at >= ms) break;
    await multicast.send(question);
    await systemClock.sleep(Math.max(0, Math.min(next - at, until - systemClock.monotonic())));
  }
  return told;
}

function answersIn(bytes: Buffer, { port }: Sender): readonly Record[] {
  const message = readMessage(bytes);
  if (!message?.isResponse || port !== MDNS_PORT) return [];
  return [...message.answers, ...message.additionals].filter(({ ttl, data }) => ttl > 0 && data.kind !== "other");
}

/** An answer need not bring along where the gateway is. */
function askForMore(multicast: Multicast, told: readonly ReceivedRecord[], asked: Set<string>): void {
  const has = (name: Name, kind: string) =>
    told.some(({ record }) => record.data.kind === kind && isSameName(record.name, name));
  const questions: { name: Name; type: number; isUnicast: boolean }[] = [];
  const ask = (name: Name, kind: "SRV" | "TXT" | "A" | "AAAA") => {
    const key = `${kind} ${name.join("\0").toLowerCase()}`;
    if (has(name, kind) || asked.has(key) || asked.size >= MAX_QUESTIONS) return;
    asked.add(key);
    questions.push({ name, type: TYPE[kind], isUnicast: false });
  };
  for (const { record } of told) {
    const { name, data } = record;
    if (data.kind === "PTR" && isGatewayType(name)) for (const kind of ["SRV", "TXT"] as const) ask(data.target, kind);
    if (data.kind === "SRV" && isGatewayType(name.slice(1)))
      for (const kind of ["A", "AAAA"] as const) ask(data.target, kind);
  }
  for (let at = 0; at < questions.length; at += MAX_IN_ONE)
    void multicast.send(writeMessage({ questions: questions.slice(at, at + MAX_IN_ONE) }));
}
