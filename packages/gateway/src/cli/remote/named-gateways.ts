/** The gateways that this machine knows by name: `gateways.json` in the state folder, private. */

import { join } from "node:path";
import type { Role, TokenStorage } from "@moltbot/protocol";
import { isRecord } from "../../base/config/config.ts";
import { readTextIfExists, writePrivateFile } from "../../base/files.ts";
import { CliError, usageError } from "../language/exit.ts";
import { nearest } from "../language/nearest.ts";

/** A gateway with a name. Times are epoch milliseconds. */
export interface NamedGateway {
  /** The gateway's address; with `ssh`, as the far machine sees it. */
  readonly url: string;
  /** The pin of its key or certificate; none where an authority has signed, or where there is no TLS. */
  readonly pin?: string;
  readonly pinSeenAt?: number;
  /** A pin that the gateway has shown since and that was refused. */
  readonly otherPin?: string;
  readonly otherSeenAt?: number;
  /** The machine to go through: `user@host[:port]`, and the key file. */
  readonly ssh?: string;
  readonly sshIdentity?: string;
  /** Whether its owner has allowed plain ws:// over a network. */
  readonly insecure?: boolean;
  readonly version?: string;
  readonly addedAt: number;
  /** The gateway's device tokens for this machine, by role. */
  readonly tokens?: Readonly<Record<string, string>>;
}

/** The names and what is under them. */
export type NamedGateways = Readonly<Record<string, NamedGateway>>;

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/i;

/** Whether a text can be a gateway's name. */
export function isName(text: string): boolean {
  return NAME.test(text);
}

/** All gateways with a name. Throws `CliError` when the file is damaged. */
export function readNamedGateways(stateDir: string): NamedGateways {
  const path = pathOf(stateDir);
  const text = readTextIfExists(path);
  if (text === undefined) return {};
  try {
    const file: unknown = JSON.parse(text);
    if (isRecord(file) && isRecord(file.gateways)) return withoutPrototype(file.gateways as NamedGateways);
  } catch (error) {
    throw damaged(path, error);
  }
  throw damaged(path);
}

/** The gateway with this name. Throws a usage error that names the nearest one. */
export function findNamed(stateDir: string, name: string): NamedGateway {
  const known = readNamedGateways(stateDir);
  const found = known[name];
  if (found) return found;
  const close = nearest(name, Object.keys(known));
  const hint = close === undefined ? "" : ` Did you mean ${close}?`;
  throw usageError(
    `No gateway is called ${JSON.stringify(name)} here.${hint} \`moltbot gateways\` lists them, \`moltbot connect\` adds one.`,
  );
}

/** Writes what is under a name; undefined takes the name out. */
export function saveNamed(stateDir: string, name: string, gateway: NamedGateway | undefined): void {
  const { [name]: _before, ...others } = readNamedGateways(stateDir);
  const gateways = gateway === undefined ? others : { ...others, [name]: gateway };
  writePrivateFile(pathOf(stateDir), `${JSON.stringify({ version: 1, gateways }, undefined, 2)}\n`);
}

/** Notes that a gateway has shown another pin than its own; returns what is known of it. */
export function noteOtherPin(stateDir: string, name: string, otherPin: string): NamedGateway | undefined {
  const gateway = readNamedGateways(stateDir)[name];
  if (!gateway || gateway.otherPin === otherPin) return gateway;
  const noted = { ...gateway, otherPin, otherSeenAt: Date.now() };
  saveNamed(stateDir, name, noted);
  return noted;
}

/** The device tokens that a gateway has given this machine. */
export function namedTokens(stateDir: string, name: string): TokenStorage {
  return {
    load: (role: Role) => readNamedGateways(stateDir)[name]?.tokens?.[role],
    save(role: Role, token: string | undefined) {
      const gateway = readNamedGateways(stateDir)[name];
      if (!gateway || gateway.tokens?.[role] === token) return;
      const { [role]: _before, ...others } = gateway.tokens ?? {};
      saveNamed(stateDir, name, { ...gateway, tokens: token === undefined ? others : { ...others, [role]: token } });
    },
  };
}

function pathOf(stateDir: string): string {
  return join(stateDir, "gateways.json");
}

/** A name such as `constructor` names nothing. */
function withoutPrototype(known: NamedGateways): NamedGateways {
  return Object.assign(Object.create(null) as NamedGateways, known);
}

function damaged(path: string, cause?: unknown): CliError {
  return new CliError(`${path} is damaged. Move it away and name your gateways again with \`moltbot connect\`.`, 1, {
    cause,
  });
}
