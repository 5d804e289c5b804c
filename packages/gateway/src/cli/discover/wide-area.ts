/** Asks a name server for gateways: DNS-SD over unicast DNS, as the zone of `moltbot dns zone` answers. */
import { Resolver } from "node:dns/promises";
import type { Data, Name } from "../../base/discovery/message.ts";
import { SERVICE_TYPES } from "../../base/discovery/service.ts";
import { codeOf, ignore } from "../../base/errors.ts";
import { CliError, EXIT, usageError } from "../language/exit.ts";
import type { ReceivedRecord } from "./found.ts";

/** How many instances are looked up. */
const MAX_INSTANCES = 50;
/** A zone has no such record; that is an answer. */
const NONE: ReadonlySet<string | undefined> = new Set(["ENODATA", "ENOTFOUND"]);

/** Where to ask. */
export interface WideArea {
  readonly domain: string;
  /** A name server, `ADDRESS` or `ADDRESS:PORT`; the system's own when undefined. */
  readonly server?: string | undefined;
  readonly timeoutMs: number;
}

/** All records about gateways in the zone. Throws `CliError` when no name server answers. */
export async function askNameServer({ domain, server, timeoutMs }: WideArea): Promise<ReceivedRecord[]> {
  const resolver = new Resolver({ timeout: Math.max(200, Math.floor(timeoutMs / 2)), tries: 2 });
  if (server !== undefined) setServer(resolver, server);
  const zone = checkDomain(domain);
  const told: ReceivedRecord[] = [];
  const tell = (name: string, data: Data) =>
    void told.push({ record: { name: labels(name), ttl: 1, isUnique: true, data }, from: undefined });
  const where = server === undefined ? "The system's name server" : `The name server ${server}`;
  const unless = async <T>(asking: Promise<T[]>): Promise<T[]> => {
    try {
      return await asking;
    } catch (error) {
      if (NONE.has(codeOf(error))) return [];
      throw new CliError(
        `${where} does not answer for ${zone} (${codeOf(error) ?? "no answer"}). Check it, or name another with --dns.`,
        EXIT.unreachable,
        { cause: error },
      );
    }
  };
  const seen = new Set<string>();
  for (const brand of SERVICE_TYPES) {
    const type = `${brand}._tcp.${zone}`;
    for (const instance of (await unless(resolver.resolvePtr(type))).slice(0, MAX_INSTANCES)) {
      tell(type, { kind: "PTR", target: labels(instance) });
      const [places, texts] = await Promise.all([
        unless(resolver.resolveSrv(instance)),
        unless(resolver.resolveTxt(instance)),
      ]);
      for (const { name, port } of places.slice(0, 1)) {
        tell(instance, { kind: "SRV", port, target: labels(name) });
        if (seen.has(name)) continue;
        seen.add(name);
        for (const address of (await unless(resolver.resolve4(name))).slice(0, 8)) tell(name, { kind: "A", address });
      }
      // Node reads each byte of a text as a letter.
      for (const entries of texts.slice(0, 1))
        tell(instance, { kind: "TXT", entries: entries.map((each) => Buffer.from(each, "latin1").toString("utf8")) });
    }
  }
  return told;
}

function setServer(resolver: Resolver, server: string): void {
  try {
    resolver.setServers([server]);
  } catch (error) {
    ignore(error, "the text is no address");
    throw usageError(
      `A name server is written as its address, or as address:port; ${JSON.stringify(server)} is neither.`,
    );
  }
}

/** A domain without the dot at its end. Throws a usage error for a text that is no domain. */
export function checkDomain(domain: string): string {
  const plain = domain.trim().toLowerCase().replace(/\.$/, "");
  if (plain.length <= 200 && /^[a-z0-9](?:[a-z0-9-]{0,62})(?:\.[a-z0-9][a-z0-9-]{0,62})*$/.test(plain)) return plain;
  throw usageError(`${JSON.stringify(domain)} is no domain; write for example moltbot.internal.`);
}

function labels(name: string): Name {
  return name.replace(/\.$/, "").split(".");
}
