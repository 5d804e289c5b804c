/** Turns what went wrong on the way to the gateway, or there, into a sentence that names the fix and an exit code. */

import { ConnectionClosed, isAuthRefusal, isPairingRequired, RequestTimeout, ResponseError } from "@moltbot/protocol";
import { codeOf, detailOf, messageOf, StartError } from "../../base/errors.ts";
import type { Target } from "../reach/target.ts";
import { inWords, type PinMismatch } from "../remote/fingerprint.ts";
import { noteOtherPin } from "../remote/named-gateways.ts";
import { CliError, EXIT } from "./exit.ts";

/** The `CliError` that says `error` to a person. What is not expected at all is returned as it is. */
export function explainFailure(error: unknown, target: Target): unknown {
  if (error instanceof CliError) return error;
  if (error instanceof StartError) return new CliError(error.message, EXIT.failed, { cause: error });
  if (error instanceof RequestTimeout) {
    const message = `The gateway did not answer ${error.method} within ${error.timeoutMs} ms. Allow more with --timeout.`;
    return new CliError(message, EXIT.timeout, { cause: error });
  }
  if (error instanceof ResponseError) return refused(error, target);
  if (error instanceof ConnectionClosed) return unreachable(error, target);
  return error;
}

function refused(error: ResponseError, target: Target): CliError {
  const unauthorised = (message: string) => new CliError(message, EXIT.unauthorised, { cause: error });
  const mustPair: boolean = isPairingRequired(error);
  if (mustPair) {
    return unauthorised(
      "The gateway must approve this device first. " +
        `On the gateway's machine run \`moltbot devices approve ${error.detail("requestId")}\`, then try again.`,
    );
  }
  if (error.reason === "AUTH_RATE_LIMITED") {
    const wait = error.retryAfterMs === undefined ? "a while" : `${Math.ceil(error.retryAfterMs / 1000)} s`;
    return unauthorised(`Too many failed attempts; the gateway refuses more for now. Wait ${wait} and try again.`);
  }
  if (error.reason === "AUTH_BOOTSTRAP_TOKEN_INVALID") return unauthorised(sentence(error.message));
  const isWrongSecret: boolean = isAuthRefusal(error);
  if (isWrongSecret) return unauthorised(wrongSecret(error, target));
  if (error.code === "NOT_PAIRED" || error.code === "FORBIDDEN" || /^missing scope|^unauthorized/.test(error.message)) {
    return unauthorised(`The gateway does not allow this: ${error.message}.`);
  }
  // Protocol 3 knows no code for a run that was stopped by its time limit; the words are the gateway's own.
  const isLate = error.code === "AGENT_TIMEOUT" || error.message.includes("reached its time limit");
  return new CliError(`${sentence(error.message)}${hint(error)}`, isLate ? EXIT.timeout : EXIT.failed, {
    cause: error,
  });
}

/** Where a person finds what the protocol's words only call unknown. */
const WHERE: readonly [words: RegExp, where: string][] = [
  [/^(?:unknown nodeId|node not connected)$/, "`moltbot nodes list` shows the nodes."],
  [/^unknown requestId$/, "`moltbot nodes list` and `moltbot devices list` show what waits."],
  [/^unknown cron job id: /, "`moltbot cron list` shows the jobs."],
];

/** What to do next, after the gateway's words: as the gateway says it, else as is known here. */
function hint(error: ResponseError): string {
  const fix = error.detail("fix");
  if (fix?.startsWith("moltbot ")) return ` Run \`${fix}\`.`;
  const next = fix === undefined ? WHERE.find(([words]) => words.test(error.message))?.[1] : sentence(fix);
  return next === undefined ? "" : ` ${next}`;
}

function wrongSecret(error: ResponseError, target: Target): string {
  const secret = error.message.includes("password") ? "password" : "token";
  const given = target[secret] !== undefined;
  const problem = given ? `does not accept this ${secret}` : `wants a ${secret}`;
  const where = target.isLocal
    ? `The right one is gateway.auth.${secret} in the gateway's moltbot.json`
    : target.ssh && target.name === undefined
      ? `Pass --${secret}, or run \`moltbot connect --ssh ${target.ssh.host}\` once`
      : `Pass --${secret}, or set gateway.remote.${secret}`;
  return `The gateway at ${target.url} ${problem}. ${where}.`;
}

function unreachable(error: ConnectionClosed, target: Target): CliError {
  const fail = (message: string) => new CliError(message, EXIT.unreachable, { cause: error });
  const cause = error.cause === undefined ? "" : detailOf(error.cause);
  const code = codeOf(error.cause);
  // By name: in the published form the pinning code is a file of its own, with its own copy of the class.
  if (error.cause instanceof Error && error.cause.name === "PinMismatch")
    return fail(changedPin(error.cause as PinMismatch, target));
  if (code === "DEPTH_ZERO_SELF_SIGNED_CERT" || code === "SELF_SIGNED_CERT_IN_CHAIN") {
    return fail(`The certificate of ${target.url} is self-signed. Pass its fingerprint with --tls-fingerprint.`);
  }
  if (cause.includes("wrong version number") || code === "EPROTO") {
    return fail(`${target.url} does not speak TLS. Use ${target.url.replace(/^wss/, "ws")} if that is meant.`);
  }
  if (cause.startsWith("Unexpected server response")) {
    return fail(
      `What answers at ${target.url} is no gateway (unexpected server response: ${/\d{3}/.exec(cause)?.[0] ?? "none"}). Check the address.`,
    );
  }
  if (error.closeCode !== 1006) {
    return fail(`The gateway at ${target.url} ended the connection (${error.closeCode} ${error.reason}). Try again.`);
  }
  const why = code;
  return fail(
    target.isLocal
      ? `No gateway answers at ${target.url}. Start it with \`moltbot gateway\`, or name another with --url.`
      : `No gateway answers at ${target.url}${why ? ` (${why})` : ""}. Check that it runs there and that the address is right.`,
  );
}

/** A gateway that shows another key is refused; only its owner can say whether that is right. */
function changedPin({ seen }: PinMismatch, { url, name, stateDir, fingerprint = "" }: Target): string {
  const where = name === undefined ? url : `${name} (${url})`;
  if (seen === "") return `The gateway at ${where} shows no certificate.`;
  const known = name === undefined ? undefined : noteOtherPin(stateDir, name, seen);
  const since = (at: number | undefined) =>
    at === undefined ? "" : `, first seen ${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  const compare =
    name === undefined
      ? "If it was renewed, compare it with what `moltbot gateway link` shows there, then correct --tls-fingerprint or gateway.remote.tlsFingerprint."
      : `If it was renewed, compare the new one with what \`moltbot gateway link\` shows there, then run \`moltbot connect --repin ${name}\`.`;
  return (
    `The gateway at ${where} shows another certificate than the pinned one; nothing was sent to it.\n` +
    `  pinned  ${inWords(fingerprint)}${since(known?.pinSeenAt)}\n` +
    `  shown   ${inWords(seen)}${since(known?.otherSeenAt)}\n${compare}`
  );
}

/** What people are told of an error while a command goes on: the gateway's words and the client's, else as `messageOf`. */
export function errorText(error: unknown): string {
  const isOurs = error instanceof ResponseError || error instanceof RequestTimeout || error instanceof ConnectionClosed;
  return isOurs ? error.message : messageOf(error);
}

/** The gateway's words, as a sentence. The name of a setting keeps its small letter. */
export function sentence(message: string): string {
  const isName = /^\S+[./]\S/.test(message);
  const text = isName ? message : message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
