/** `moltbot channels add` — an account's settings, tried with the platform and then saved; asks for what is missing. */

import { defined } from "../../base/defined.ts";
import { type Call, defineCommand } from "../language/command.ts";
import { usageError } from "../language/exit.ts";
import { type Link, withGateway } from "../reach/connect.ts";
import { ask, canAsk, confirm } from "../terminal/prompt.ts";
import { printable } from "../terminal/render.ts";
import { accountFlag, type ChannelMeta, findChannel, readChannels } from "./known.ts";
import { link } from "./login.ts";
import { flagOf, readSettings, tokenSetting } from "./settings.ts";

const addFlags = {
  account: { ...accountFlag.account, summary: "The account's name, for a second one on the same channel (default)" },
  token: { kind: "text", value: "TOKEN", summary: "The channel's token, whatever the channel calls it" },
  password: { kind: "text", value: "PASSWORD", summary: "The channel's password, where it has one" },
  force: { kind: "switch", summary: "Save although the platform refuses or cannot be asked" },
  "gateway-token": { kind: "text", value: "TOKEN", summary: "The gateway token" },
  "gateway-password": { kind: "text", value: "PASSWORD", summary: "The gateway password" },
} as const;

/** The platform is asked before anything is saved; it may be slow. */
const ADD_MS = 60_000;

export const add = defineCommand({
  summary: "Add an account or change its settings; the platform is asked before anything is saved",
  positionals: [{ name: "CHANNEL", optional: true, completes: "channel" }],
  flags: addFlags,
  otherFlags: ["--SETTING VALUE", "Any setting of the channel: --bot-token, --app-token, --dm-policy, …"],
  examples: [
    "moltbot channels add telegram --token 123456:ABC…",
    "moltbot channels add slack --bot-token xoxb-… --app-token xapp-…",
    "moltbot channels add whatsapp --account work",
  ],
  async run(call) {
    const { "gateway-token": token, "gateway-password": password } = call.flags;
    await withGateway({ env: call.env, flags: { ...call.flags, token, password } }, (connection) =>
      addAccount(call, connection),
    );
  },
});

type AddCall = Call<typeof addFlags>;

async function addAccount(call: AddCall, connection: Link): Promise<void> {
  const { flags, out } = call;
  const known = await readChannels(connection);
  const meta = findChannel(known, await channelOf(call, known.channelOrder));
  if (flags.account !== undefined && !/^[\w-]+$/.test(flags.account)) {
    const own = (meta.settings ?? []).some(({ name }) => name === "account");
    const hint = own ? ` The account's number is --${meta.id}-account.` : "";
    throw usageError(`--account is a name of letters, digits, - and _, to tell accounts apart.${hint}`);
  }
  const given: Record<string, unknown> = {
    ...(await readSettings(connection, meta, { flags: call.others, besides: Object.keys(addFlags) })),
    ...secretsOf(call, meta),
  };
  const isThere = (known.channelAccounts[meta.id] ?? []).some(
    ({ accountId }) => accountId === (flags.account ?? "default"),
  );
  const isComplete =
    isThere || (meta.settings ?? []).some(({ name, isSecret }) => isSecret && given[name] !== undefined);
  const asked = !isComplete && canAsk() ? await askSecrets(call, meta) : {};
  const params = {
    channel: meta.id,
    settings: { ...given, ...asked },
    ...defined({ accountId: flags.account }),
    ...(flags.force && { force: true }),
  };
  const adding = connection.client.request("channels.add", params, { timeoutMs: flags.timeout ?? ADD_MS });
  const added = await out.during(`Asking ${meta.label}`, adding);
  if (flags.json) return out.json(added);
  const { accountId, self, next } = added;
  const name = accountId === "default" ? meta.label : `${meta.label} (${accountId})`;
  out.print(`${out.style.green("●")} ${name} is set up${self ? ` as ${printable(self.name ?? self.id)}` : ""}.`);
  const canLink = meta.login === true && next !== undefined && canAsk() && out.isTerminal;
  if (canLink && (await confirm("Link it now?", "yes"))) return await link(connection, { meta, accountId }, out);
  if (next !== undefined) return out.print(printable(next));
  out.print(out.style.dim(`Strangers who write get a code; \`moltbot pairing approve ${meta.id} CODE\` lets them in.`));
}

async function channelOf({ words }: AddCall, channels: readonly string[]): Promise<string> {
  const [given] = words;
  if (given !== undefined) return given;
  if (canAsk()) return await ask(`Which channel (${channels.join(", ")})? `);
  throw usageError(`Say which channel: ${channels.join(", ")}. For example \`moltbot channels add telegram\`.`);
}

/** `--token` and `--password` are flags of every command; here they mean the channel's. */
function secretsOf({ flags }: AddCall, meta: ChannelMeta): Record<string, string> {
  const { token, password } = flags;
  const setting = tokenSetting(meta);
  const hasPassword = meta.settings?.some(({ name }) => name === "password") ?? false;
  if (token !== undefined && !setting)
    throw usageError(`${meta.label} has no token; \`moltbot channels login ${meta.id}\` links it.`);
  if (password !== undefined && !hasPassword)
    throw usageError(`${meta.label} has no password. The gateway's own is --gateway-password.`);
  return {
    ...(token !== undefined && setting && { [setting.name]: token }),
    ...defined({ password }),
  };
}

async function askSecrets({ out }: AddCall, { settings = [] }: ChannelMeta): Promise<Record<string, string>> {
  const answers: Record<string, string> = {};
  for (const { name, description, isSecret } of settings) {
    if (!isSecret) continue;
    out.note(out.style.dim(printable(description)));
    const answer = await ask(`${flagOf(name).replaceAll("-", " ")} (not shown, Enter leaves it out): `, { isSecret });
    if (answer !== "") answers[name] = answer;
  }
  return answers;
}
