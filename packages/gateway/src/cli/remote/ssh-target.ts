/** Where an ssh tunnel goes: what may be written, read without loading anything that runs. */

import { defined } from "../../base/defined.ts";
import { usageError } from "../language/exit.ts";

/** The machine to go through. */
export interface SshRoute {
  /** `user@host`, or an alias of the user's ssh config. */
  readonly host: string;
  readonly port?: number;
  /** A key file. */
  readonly identity?: string;
}

/**
 * Reads `[user@]host[:port]`. Throws a usage error for a text that ssh would take for an option, or that holds anything
 * which no name of a machine holds.
 */
export function readSshTarget(text: string, identity?: string): SshRoute {
  const match = /^((?:[\w.][\w.+-]*@)?(?:[a-z0-9_][\w.-]*|\[[0-9a-f:.]+\]))(?::(\d{1,5}))?$/i.exec(text.trim());
  const port = match?.[2] === undefined ? undefined : Number(match[2]);
  if (!match?.[1] || port === 0 || (port ?? 0) > 65_535) {
    throw usageError(`The machine for --ssh is written user@host or user@host:port, not ${JSON.stringify(text)}.`);
  }
  if (identity?.startsWith("-")) throw usageError("The key file for ssh cannot begin with a dash; write ./ before it.");
  const host = match[1].replace(/[[\]]/g, "");
  return { host, ...defined({ port, identity }) };
}

/** The route in one word, as the user writes it. */
export function showRoute({ host, port }: SshRoute): string {
  return port === undefined ? host : `${host}:${port}`;
}
