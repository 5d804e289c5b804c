/** What is wrong when `imsg` cannot start, ends, or refuses: each as a sentence that says what to do. */
import { ChannelError } from "../../../kit/channel.ts";

interface Where {
  readonly cliPath: string;
  readonly remoteHost: string | undefined;
}

/** The program could not be started. */
export function startProblem(code: string | undefined, reason: string, { cliPath, remoteHost }: Where): ChannelError {
  if (remoteHost !== undefined)
    return new ChannelError("unavailable", `ssh cannot be started (${code ?? reason}); install it on this machine.`);
  if (code === "EACCES") return new ChannelError("unavailable", `${cliPath} is not executable; run chmod +x on it.`);
  return new ChannelError(
    "unavailable",
    `imsg was not found as "${cliPath}"; install it on this Mac (brew install steipete/tap/imsg), or set channels.imessage.cliPath or remoteHost.`,
  );
}

const FULL_DISK_ACCESS =
  "imsg may not read the messages; give Full Disk Access to the program that runs it (System Settings, Privacy & Security), then restart it.";
const AUTOMATION = "imsg may not send; allow it to control Messages (System Settings, Privacy & Security, Automation).";

const ENDS: readonly (readonly [
  pattern: RegExp,
  kind: "unavailable" | "network",
  sentence: (where: Where) => string,
])[] = [
  [
    /full disk access|authorization denied|permissionDenied|unable to open database|operation not permitted/i,
    "unavailable",
    () => FULL_DISK_ACCESS,
  ],
  [/not authori[sz]ed to send apple events|automation/i, "unavailable", () => AUTOMATION],
  [
    /host key verification failed/i,
    "unavailable",
    ({ remoteHost }) => `ssh does not know the key of ${remoteHost}; run ssh ${remoteHost} once by hand and accept it.`,
  ],
  [
    /permission denied \(/i,
    "unavailable",
    ({ remoteHost }) =>
      `${remoteHost ?? "The Mac"} refused the ssh key; add this user's public key there (ssh-copy-id ${remoteHost ?? "HOST"}).`,
  ],
  [
    /command not found|no such file or directory/i,
    "unavailable",
    ({ cliPath, remoteHost }) =>
      `imsg was not found as "${cliPath}" on ${remoteHost ?? "the Mac"}; install it there, or set channels.imessage.cliPath.`,
  ],
  [
    /could not resolve hostname|connection (?:refused|timed out|closed)|no route to host|timed out/i,
    "network",
    ({ remoteHost }) =>
      `${remoteHost ?? "The Mac"} cannot be reached by ssh; check that it is awake and in the network.`,
  ],
];

/** The program has ended, which it never does by itself while all is well. */
export function endOf(
  { code, signal, stderr }: { code: number | null; signal: string | null; stderr: string },
  where: Where,
): ChannelError {
  const known = ENDS.find(([pattern]) => pattern.test(stderr));
  if (known) return new ChannelError(known[1], known[2](where));
  const how = signal ? `by ${signal}` : `with code ${code}`;
  return new ChannelError("network", `imsg ended ${how}; the log has its last words, and it is started again.`);
}

/** The program has answered a send with an error: nothing was sent. */
export function refusedSend(reason: string, chatId: string): ChannelError {
  if (/not authori[sz]ed to send apple events|-1743/i.test(reason)) return new ChannelError("not-sent", AUTOMATION);
  if (/timed out|-1712/i.test(reason))
    return new ChannelError(
      "unknown",
      "Messages did not answer imsg in time; whether it sent the message cannot be told.",
    );
  if (/can.t get (?:chat|buddy|participant)|unknown chat|known chat|chat not found/i.test(reason))
    return new ChannelError(
      "rejected",
      `Messages has no conversation ${chatId} that it can write to; start it once in the Messages app, or check the number.`,
    );
  return new ChannelError("rejected", "imsg refused the message; the log has its words.");
}
