/**
 * A gateway as a process of its own in which Telegram's library lets errors escape: `faulty-process.ts STATE_DIR`;
 * prints its URL. Whatever a library throws in a timer or rejects with would end the process if nobody were to blame.
 */
import { CHANNELS } from "../../packages/gateway/src/channels/index.ts";
import type { ChannelDefinition } from "../../packages/gateway/src/kit/channel.ts";
import { startGateway } from "../../packages/gateway/src/start/supervise.ts";

const telegram: { open: ChannelDefinition["open"] } = CHANNELS.find(({ id }) => id === "telegram")!;
const { open } = telegram;
telegram.open = async (context) => {
  const connection = await open(context);
  if ((context as { accountId: string }).accountId === "faulty") {
    setTimeout(() => {
      throw new Error("thrown in a timer");
    }, 50);
    setTimeout(() => void Promise.reject(new Error("rejected and forgotten")), 60);
  }
  return connection;
};

const [stateDir = ""] = process.argv.slice(2);
const gateway = await startGateway({
  stateDir,
  env: process.env,
  ownsProcess: true,
  overrides: { port: 0, token: "secret-token" },
  sinks: [],
});
process.stdout.write(`${gateway.url}\n`);
