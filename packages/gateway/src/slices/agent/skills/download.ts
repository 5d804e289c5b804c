/** Downloads one file for a skill: over https from a public address, bounded, into the gateway's own folder of tools. */
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { invalidRequest, messageOf } from "../../../base/errors.ts";
import { makePrivateDir, writePrivateFile } from "../../../base/files.ts";
import { FetchError, safeFetch } from "../../../base/net/safe-fetch.ts";
import { failed, type InstallOptions, type InstallResult } from "./installer.ts";
import type { InstallStep } from "./manifest.ts";

const MAX_BYTES = 200_000_000;
const ARCHIVE = /\.(zip|tar|tgz|tar\.\w+|gz|bz2|xz|7z)$/i;
const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** Puts the file under the name of the step's only program, or its own. Throws `INVALID_REQUEST` for an unfit address. */
export async function download(
  step: InstallStep,
  { clock, signal, timeoutMs, folder }: InstallOptions,
): Promise<InstallResult> {
  const url = addressOf(step.what);
  const own = decodeURIComponent(url.pathname.split("/").at(-1) ?? "");
  if (ARCHIVE.test(own)) {
    return failed(
      `${own} is an archive, and archives are not unpacked here; unpack ${url.origin}${url.pathname} yourself`,
    );
  }
  const name = step.bins.length === 1 ? step.bins[0]! : own;
  if (!FILE_NAME.test(name))
    throw invalidRequest(`${JSON.stringify(name.slice(0, 100))} cannot be the name of a file here`);
  const path = join(folder, name);
  try {
    using answer = await safeFetch(url, { clock, signal, maxBytes: MAX_BYTES, limitMs: timeoutMs, httpsOnly: true });
    if (answer.status !== 200) return failed(`${url.host} answered ${answer.status}`);
    const data = await answer.bytes();
    makePrivateDir(folder);
    writePrivateFile(path, data);
    if (step.bins.includes(name)) chmodSync(path, 0o700);
    return { ok: true, message: `downloaded ${path} (${data.length} bytes)`, stdout: "", stderr: "", code: 0 };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof FetchError)) throw error;
    return failed(`${url.host}: ${messageOf(error)}`);
  }
}

function addressOf(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === "https:") return url;
  throw invalidRequest(`${JSON.stringify(text.slice(0, 100))} is not an https address`);
}
