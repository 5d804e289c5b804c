/** `moltbot channels` — the messaging platforms: which there are, how each account stands, adding and linking them. */

import { add } from "../channels/add.ts";
import { accountFlag, accountName, findChannel, linksByPhone, readChannels } from "../channels/known.ts";
import { link } from "../channels/login.ts";
import { flagOf } from "../channels/settings.ts";
import { accountsOf, accountTable, problemLines, stateOf } from "../channels/show.ts";
import { type Call, defineCommand, defineGroup } from "../language/command.ts";
import { CliError, EXIT, usageError } from "../language/exit.ts";
import { type Link, withGateway } from "../reach/connect.ts";
import { canAsk, confirm } from "../terminal/prompt.ts";
import { printable, table } from "../terminal/render.ts";
import { onStop } from "../terminal/stop.ts";
import { beside } from "../terminal/wrap.ts";

const NONE_YET =
  "No channel is set up yet. Link WhatsApp with `moltbot channels login`, or add a bot: `moltbot channels add telegram`.";

const list = defineCommand({
  summary: "List the channels there are, and their accounts",
  page: "channels",
  run: (call) =>
    withGateway(call, async (connection) => {
      const { out } = call;
      const known = await readChannels(connection);
      const channels = (known.channelMeta ?? []).map(({ id, label, summary }) => ({
        id,
        label,
        summary: summary ?? "",
        accounts: (known.channelAccounts[id] ?? []).map(({ accountId, state }) => ({ accountId, state })),
      }));
      if (call.flags.json) return out.json({ channels });
      const rows = channels.map(({ id, accounts, summary }) => [
        id,
        accounts.map(({ accountId, state }) => `${accountId}: ${state}`).join(", "),
        summary,
      ]);
      const paint = (cell: string) => (/: (failed|unconfigured)/.test(cell) ? out.style.red(cell) : cell);
      const columns = [
        { title: "Channel", paint: out.style.cyan },
        { title: "Accounts", paint },
        { title: "What it is", flexible: true },
      ];
      out.print(table(columns, rows, out));
      out.print(
        out.style.dim(
          "\nRead all of one with `moltbot channels show CHANNEL`; set one up with `moltbot channels add CHANNEL`, WhatsApp with `moltbot channels login`.",
        ),
      );
    }),
});

const show = defineCommand({
  summary: "Show a channel: what it is, its accounts, and what can be set",
  positionals: [{ name: "CHANNEL", completes: "channel" }],
  run: (call) =>
    withGateway(call, async (connection) => {
      const { out, words, flags } = call;
      const known = await readChannels(connection);
      const meta = findChannel(known, words[0] ?? "");
      const accounts = accountsOf(known).filter(({ channel }) => channel === meta.id);
      if (flags.json) return out.json({ ...meta, accounts: accounts.map(({ account }) => account) });
      const { bold, dim, cyan } = out.style;
      out.print(`${bold(meta.label)} ${dim(meta.id)}`);
      if (meta.summary) out.print(meta.summary);
      const setUp = meta.login ? `moltbot channels login ${meta.id}` : `moltbot channels add ${meta.id}`;
      if (accounts.length === 0) out.print(`\nNo account is set up; \`${setUp}\` sets one up.`);
      else out.print(`\n${accountTable(accounts, out)}`);
      const problems = problemLines(accounts, out);
      if (problems.length > 0) out.print(`\n${problems.join("\n")}`);
      const settings = (meta.settings ?? []).map(
        ({ name, description }) => [`--${flagOf(name)}`, description] as const,
      );
      if (settings.length === 0) return;
      const labelWidth = Math.max(...settings.map(([flag]) => flag.length)) + 2;
      out.print(`\n${dim(`Settings, for \`moltbot channels add ${meta.id}\``)}`);
      for (const [flag, says] of settings)
        out.print(beside(`  ${cyan(flag)}`, printable(says), { labelWidth, width: out.textWidth }));
    }),
});

const status = defineCommand({
  summary: "Show how each account stands, and what to do about what is wrong",
  page: "channels",
  flags: { probe: { kind: "switch", summary: "Ask each platform whether the credentials work" } },
  run: (call) =>
    withGateway(call, async (connection) => {
      const { out, flags } = call;
      const reading = readChannels(connection, flags.probe ? { probe: true } : {});
      const known = await out.during("Asking the platforms", reading);
      if (flags.json) return out.json(known);
      const accounts = accountsOf(known);
      if (accounts.length === 0) return out.print(NONE_YET);
      out.print(accountTable(accounts, out));
      const { pending } = await connection.client.request("pairing.list", {}, { timeoutMs: connection.timeoutMs });
      const lines = problemLines(accounts, out);
      if (pending.length > 0) {
        const who = pending.length === 1 ? "One sender waits" : `${pending.length} senders wait`;
        lines.push(`${out.style.yellow("●")} ${who} to be let in; see \`moltbot pairing list\`.`);
      }
      if (lines.length > 0) out.print(`\n${lines.join("\n")}`);
    }),
});

const remove = defineCommand({
  summary: "Remove an account from the settings and forget its session",
  positionals: [{ name: "CHANNEL", completes: "channel" }],
  flags: { ...accountFlag, yes: { kind: "switch", short: "y", summary: "Do not ask" } },
  run: (call) =>
    withGateway(call, async (connection) => {
      const { which, name } = await accountOf(call, connection);
      if (!call.flags.yes) {
        if (!canAsk()) throw usageError(`Removing ${name} cannot be taken back; say --yes to do it unasked.`);
        if (!(await confirm(`Remove ${name}, with its token or session?`, "no"))) return EXIT.failed;
      }
      const result = await connection.client.request("channels.remove", which, { timeoutMs: SLOW_MS });
      if (call.flags.json) return call.out.json(result);
      if (!result.removed) throw new CliError(`${name} was not set up.`);
      call.out.print(`${name} is removed.`);
    }),
});

const login = defineCommand({
  summary: "Link an account by a QR code, or by a code typed on the phone",
  positionals: [{ name: "CHANNEL", optional: true, completes: "channel" }],
  flags: {
    ...accountFlag,
    phone: { kind: "text", value: "NUMBER", summary: "Link by a code typed on this phone, e.g. +15550100" },
    force: { kind: "switch", summary: "End a session that is there already" },
  },
  examples: ["moltbot channels login", "moltbot channels login whatsapp --phone +15550100"],
  run: (call) =>
    withGateway(call, async (connection) => {
      const { account, phone, force, json } = call.flags;
      const meta = findChannel(await readChannels(connection), call.words[0] ?? "whatsapp");
      if (!meta.login)
        throw usageError(`${meta.label} has no login; \`moltbot channels add ${meta.id} --token …\` takes its token.`);
      if (phone !== undefined && !linksByPhone(meta))
        throw usageError(`${meta.label} is linked by a QR code only; leave --phone out.`);
      const request = { meta, accountId: account, phoneNumber: phone, force, isJson: json };
      using _stop = onStop(() => {
        process.stdout.write(call.out.isTerminal ? "\r\x1b[K" : "");
        call.out.note("Stopped; the account is not linked.");
        process.exit(EXIT.failed);
      });
      await link(connection, request, call.out);
    }),
});

const logout = defineCommand({
  summary: "End an account's session on the platform and forget it here",
  positionals: [{ name: "CHANNEL", completes: "channel" }],
  flags: accountFlag,
  run: (call) =>
    withGateway(call, async (connection) => {
      const { which, name } = await accountOf(call, connection);
      const logging = connection.client.request("channels.logout", which, { timeoutMs: SLOW_MS });
      const result = await call.out.during("Logging out", logging);
      if (call.flags.json) return call.out.json(result);
      call.out.print(result.cleared ? `${name} is logged out.` : `${name} was not linked.`);
    }),
});

const start = defineCommand({
  summary: "Start an account that was stopped or has failed",
  positionals: [{ name: "CHANNEL", completes: "channel" }],
  flags: accountFlag,
  run: (call) =>
    withGateway(call, async (connection) => {
      const { which, name } = await accountOf(call, connection);
      const result = await connection.client.request("channels.start", which, { timeoutMs: connection.timeoutMs });
      if (call.flags.json) return call.out.json(result);
      const { channelAccounts } = await readChannels(connection);
      const account = channelAccounts[result.channel]?.find(({ accountId }) => accountId === result.accountId);
      call.out.print(`${name} is ${account ? stateOf(account) : "starting"}.`);
    }),
});

const stop = defineCommand({
  summary: "Stop an account until it is started again or the gateway restarts",
  positionals: [{ name: "CHANNEL", completes: "channel" }],
  flags: accountFlag,
  run: (call) =>
    withGateway(call, async (connection) => {
      const { which, name } = await accountOf(call, connection);
      const result = await connection.client.request("channels.stop", which, { timeoutMs: SLOW_MS });
      if (call.flags.json) return call.out.json(result);
      call.out.print(result.stopped ? `${name} is stopped.` : `${name} was not running.`);
    }),
});

/** Channels and their accounts. */
export const channels = defineGroup({
  summary: "Connect messaging platforms, and see how they are",
  alone: list,
  commands: { list, show, status, add, remove, login, logout, start, stop },
});

/** What waits for a platform may take this long, in milliseconds. */
const SLOW_MS = 60_000;

/** The account that a command is about, checked before anything is done to it. */
async function accountOf({ words, flags }: Call<typeof accountFlag>, connection: Link) {
  const known = await readChannels(connection);
  const { id: channel, label } = findChannel(known, words[0] ?? "");
  const accountId = flags.account ?? known.channelDefaultAccountId[channel] ?? "default";
  const accounts = (known.channelAccounts[channel] ?? []).map((each) => each.accountId);
  if (accounts.length === 0)
    throw new CliError(`${label} is not set up; \`moltbot channels add ${channel}\` sets it up.`);
  if (!accounts.includes(accountId.toLowerCase()))
    throw usageError(`${label} has no account ${JSON.stringify(accountId)}. There is ${accounts.join(", ")}.`);
  return { which: { channel, accountId }, name: accountName(label, accountId) };
}
