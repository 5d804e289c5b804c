/** Linking the account as a device, and forgetting it. */
import { rm } from "node:fs/promises";
import { detailOf } from "../../base/errors.ts";
import { ChannelError, type LoginContext, type LoginStep, type ProbeContext } from "../../kit/channel.ts";
import { accountId } from "../../kit/party.ts";
import { configFolder, startDaemon } from "./daemon.ts";
import { Rpc } from "./rpc.ts";
import type { Settings } from "./settings.ts";

/** Signal's server waits this long for a code to be scanned. */
const CODE_MS = 60_000;
const CODES = 5;
const DEVICE_NAME = "moltbot";

/** Shows codes until one is scanned. Throws `ChannelError`. */
export async function* login(context: LoginContext<Settings>): AsyncGenerator<LoginStep> {
  const { settings, clock, state } = context;
  if (settings.httpUrl === undefined) yield { kind: "waiting", message: "signal-cli is starting." };
  await using own = settings.httpUrl === undefined ? await startDaemon(context, settings.cliPath) : undefined;
  const rpc = new Rpc(own?.url ?? settings.httpUrl ?? "", clock);
  for (let shown = 1; ; shown++) {
    const { deviceLinkUri } = await rpc.call<{ deviceLinkUri: string }>("startLink", {}, context);
    yield { kind: "qr", text: deviceLinkUri, expiresAt: clock.now() + CODE_MS };
    const number = await finishLink(rpc, deviceLinkUri, context, shown === CODES);
    if (number === undefined) continue;
    state.write({ account: number });
    yield { kind: "done", self: { id: accountId(number) } };
    return;
  }
}

/** Removes the keys of a daemon of our own. One that runs elsewhere keeps its account. */
export async function logout({ settings, folder }: ProbeContext<Settings>): Promise<void> {
  if (settings.httpUrl === undefined) await rm(configFolder(folder), { recursive: true, force: true });
}

/** Waits for the phone; undefined when the code has run out and another may be shown. */
async function finishLink(
  rpc: Rpc,
  deviceLinkUri: string,
  { signal }: LoginContext,
  isLast: boolean,
): Promise<string | undefined> {
  try {
    const params = { deviceLinkUri, deviceName: DEVICE_NAME };
    const linked = await rpc.call<{ number: string }>("finishLink", params, { signal, limitMs: undefined });
    return linked.number;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ChannelError && /timed out|timeout|closed/i.test(detailOf(error.cause ?? error)) && !isLast)
      return undefined;
    throw error;
  }
}
