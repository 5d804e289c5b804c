/** Who has an address in the tailnet, as this machine's own tailscaled says: by its LocalAPI, else by the program. */
import { request } from "node:http";
import { isRecord } from "../../../base/config/config.ts";
import { codeOf, ignore, TellableError } from "../../../base/errors.ts";
import { askJson, type ProgramContext } from "./program.ts";

/** How long an answer may take, ms. */
const LIMIT_MS = 2_000;
const MAX_BYTES = 256 * 1024;
/** Tailscale's documentation of the LocalAPI: Linux, and the open-source daemon of macOS. */
const SOCKETS: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  linux: "/var/run/tailscale/tailscaled.sock",
  darwin: "/var/run/tailscaled.socket",
};
/** No daemon listens there. */
const ABSENT: ReadonlySet<string | undefined> = new Set(["ENOENT", "ECONNREFUSED", "ENOTSOCK", "EACCES"]);

/** The login of the person whose device has the address; undefined for machines with a tag, and for addresses of nobody. */
export async function whois(address: string, running: ProgramContext): Promise<string | undefined> {
  const place = address.includes(":") ? `[${address}]:0` : `${address}:0`;
  const path = running.socket ?? SOCKETS[process.platform];
  if (path !== undefined) {
    try {
      return loginIn(await ask(path, `/localapi/v0/whois?addr=${encodeURIComponent(place)}`, running), address);
    } catch (error) {
      if (running.socket !== undefined || !ABSENT.has(codeOf(error))) throw error;
      ignore(error, "the program is asked instead");
    }
  }
  return loginIn(await askJson(["whois", "--json", place], running, LIMIT_MS), address);
}

/** One request to the LocalAPI. It answers only requests that name this very host. */
function ask(socketPath: string, path: string, { clock, signal }: ProgramContext): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = { Host: "local-tailscaled.sock", "Sec-Tailscale": "localapi" };
    const asking = request({ socketPath, path, headers, signal, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_BYTES) asking.destroy(new TellableError("tailscaled answers too much"));
        else chunks.push(chunk);
      });
      answer.once("error", reject);
      answer.once("end", () => {
        if (answer.statusCode === 404) return resolve({});
        if (answer.statusCode !== 200) return reject(new TellableError(`tailscaled answers ${answer.statusCode}`));
        try {
          resolve(JSON.parse(Buffer.concat(chunks).toString("utf8")));
        } catch (cause) {
          reject(new TellableError("tailscaled answers something else than JSON", { cause }));
        }
      });
    });
    const late = clock.after(LIMIT_MS, () => asking.destroy(new TellableError("tailscaled did not answer in time")));
    asking.once("close", () => {
      late[Symbol.dispose]();
      reject(new TellableError("tailscaled ended the connection"));
    });
    asking.once("error", reject);
    asking.end();
  });
}

/** Reads an answer. What does not say plainly whose device it is names nobody. */
function loginIn(answer: unknown, address: string): string | undefined {
  const { Node: node, UserProfile: user } = isRecord(answer) ? answer : {};
  if (!isRecord(node) || !isRecord(user) || typeof user.LoginName !== "string") return undefined;
  const isTagged = Array.isArray(node.Tags) ? node.Tags.length > 0 : node.Tags !== undefined && node.Tags !== null;
  if (isTagged || user.LoginName === "tagged-devices") return undefined;
  const own: unknown = node.Addresses;
  if (Array.isArray(own) && !own.some((each) => typeof each === "string" && each.split("/", 1)[0] === address))
    return undefined;
  return /^[\x21-\x7e]{1,254}$/.test(user.LoginName) ? user.LoginName.toLowerCase() : undefined;
}
