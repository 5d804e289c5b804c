/** Files of messages: read from the folder where Messages keeps them, and from nowhere else. */
import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { sep } from "node:path";
import { codeOf, ignore } from "../../../base/errors.ts";
import { childEnv } from "../../../base/process/child.ts";
import { ChannelError } from "../../../kit/channel.ts";
import { quoted, SSH, sshCommand } from "./program.ts";

export interface AttachmentPlace {
  readonly root: string;
  readonly remoteHost: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Opens a file that a message names. Throws `ChannelError`. */
export async function openAttachment(
  path: string,
  place: AttachmentPlace,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  if (place.remoteHost !== undefined) return openRemote(path, place.remoteHost, place, signal);
  const real = await realPath(atHome(path, place.env));
  const root = await realPath(atHome(place.root, place.env));
  if (!real.startsWith(root + sep)) throw outside();
  if (!(await stat(real)).isFile()) throw outside();
  return createReadStream(real, { signal });
}

function outside(): ChannelError {
  return new ChannelError(
    "rejected",
    "The file is not in the folder where Messages keeps its files, so it is not read; see channels.imessage.attachmentsRoot.",
  );
}

function atHome(path: string, env: AttachmentPlace["env"]): string {
  return path.startsWith("~/") ? `${env.HOME ?? ""}${path.slice(1)}` : path;
}

async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (codeOf(error) === "EPERM" || codeOf(error) === "EACCES")
      throw new ChannelError("rejected", "The gateway may not read the files of Messages; give it Full Disk Access.", {
        cause: error,
      });
    // Messages tells of a file before the Mac has fetched it: it is looked for again.
    throw new ChannelError(
      "not-sent",
      "The file is not on this machine; if Messages runs on another Mac, set channels.imessage.remoteHost, else ask for it again.",
      { cause: error },
    );
  }
}

/** The shell of the Mac finds the real paths, so that a link cannot lead elsewhere. `$1` is the file, `$2` the folder. */
const READ_REMOTE =
  'at_home() { case $1 in "~/"*) printf %s/ "$HOME"; printf %s "$1" | cut -c3-;; *) printf %s "$1";; esac; }; ' +
  'file=$(at_home "$1"); root=$(cd "$(at_home "$2")" && pwd -P) && folder=$(cd "$(dirname "$file")" && pwd -P) || exit 44; ' +
  '[ -f "$file" ] && [ ! -L "$file" ] || exit 44; ' +
  'case $folder/ in "$root"/*) cat -- "$file";; *) exit 45;; esac';

async function* openRemote(
  path: string,
  host: string,
  { root, env }: AttachmentPlace,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const line = `sh -c ${quoted(READ_REMOTE)} sh ${quoted(path)} ${quoted(root)}`;
  const { command, args } = sshCommand(host, line);
  const child = spawn(command, args, { env: childEnv(env, {}, SSH), stdio: ["ignore", "pipe", "ignore"], signal });
  const { promise: ended, resolve } = Promise.withResolvers<number | null>();
  child.on("error", (error) => {
    ignore(error, "told by the way it ended");
    resolve(null);
  });
  child.on("close", resolve);
  try {
    yield* child.stdout as AsyncIterable<Uint8Array>;
    const code = await ended;
    if (code === 45) throw outside();
    if (code === 44)
      throw new ChannelError("rejected", `The file is no longer on ${host}; ask for it to be sent again.`);
    if (code !== 0) throw new ChannelError("not-sent", `The file could not be fetched from ${host}; try again later.`);
  } finally {
    child.kill();
  }
}
