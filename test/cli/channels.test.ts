// Channels from the command line: the real one, against a gateway that is connected to fake platforms.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { type FakePlatform, fakeTelegram, fakeWhatsApp, type Said, until } from "@moltbot/fakes";
import { eventually } from "../support/time-limit.ts";
import { Home } from "./harness.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";

/** Writes the config of a gateway that has these channels. */
function configure(home: Home, channels: Readonly<Record<string, unknown>>): string {
  const path = join(home.stateDir, "moltbot.json");
  mkdirSync(home.stateDir, { recursive: true, mode: 0o700 });
  const config = { gateway: { auth: { token: TOKEN } }, models: { detectLocal: false }, channels };
  writeFileSync(path, JSON.stringify(config, undefined, 2), { mode: 0o600 });
  return path;
}

/** The code that a stranger was given for a first message. */
async function codeFor(platform: FakePlatform, { chatId }: Said): Promise<string> {
  const answer = () => platform.delivered.find((each) => each.chatId === chatId)?.text ?? "";
  return await until(platform, "a code", () => /code: (\w+)/.exec(answer())?.[1]);
}

const platform = await fakeTelegram();
const home = new Home();
const configPath = configure(home, { telegram: { ...platform.settings, groups: { "*": { requireMention: true } } } });
const gateway = await home.gateway();
await platform.linked();
after(async () => {
  await gateway[Symbol.asyncDispose]();
  home[Symbol.dispose]();
  await platform[Symbol.asyncDispose]();
});

test("status shows each account, who it is and that it is connected", async () => {
  const { code, stdout } = await home.run(["channels", "status", "--probe"]);

  assert.equal(code, 0);
  assert.match(stdout, /^● {2}Telegram +default +connected +Moltbot/m);
});

test("the list names every channel with its accounts", async () => {
  const { stdout } = await home.run(["channels", "list"]);

  assert.match(stdout, /^telegram +default: connected +A Telegram bot/m);
  assert.match(stdout, /^discord +A Discord bot/m);
});

test("a channel is shown whole, with its accounts and settings", async () => {
  const { stdout } = await home.run(["channels", "show", "Telegram"]);

  assert.match(
    stdout,
    /^Telegram telegram\nA Telegram bot that people write to directly, in groups and in forum topics\.\n/,
  );
  assert.match(stdout, /^● +Telegram +default +connected +Moltbot/m);
  assert.match(stdout, /^ {2}--bot-token +The bot's token, as @BotFather gives it\.$/m);
});

test("a stranger waits, is let in by the code alone, and is told so", async () => {
  const code = await codeFor(platform, await platform.says("hello", { from: "mallory" }));

  const waiting = await home.run(["pairing", "list", "telegram"]);
  const hint = await home.run(["channels", "status"]);
  const approved = await home.run(["pairing", "approve", code.toLowerCase(), "--notify"]);
  await until(platform, "the news", () =>
    platform.delivered.some(({ text }) => text.startsWith("You have been let in")),
  );
  const after = await home.run(["pairing", "list"]);

  assert.match(waiting.stdout, new RegExp(`^${code} +telegram +mallory`, "m"));
  assert.match(hint.stdout, /One sender waits to be let in; see `moltbot pairing list`\./);
  assert.match(approved.stdout, /^mallory \(\d+\) may write to the agent on telegram now\.\n$/);
  assert.match(after.stdout, /^Let in\n.*\ntelegram +mallory/m);
});

test("revoking shuts a sender out, and says when there is none", async () => {
  const stranger = await platform.says("hi", { from: "trudy" });
  const { senderId } = stranger;
  await home.run(["pairing", "approve", "telegram", await codeFor(platform, stranger)]);

  const first = await home.run(["pairing", "revoke", "telegram", senderId]);
  const second = await home.run(["pairing", "revoke", "telegram", senderId]);

  assert.equal(first.stdout, `${senderId} is shut out of telegram.\n`);
  assert.deepEqual(
    [second.code, second.stderr],
    [1, `Nobody with the id ${senderId} was let in or waits. See \`moltbot pairing list\`.\n`],
  );
});

test("doctor says when people who were let in share the owner's conversation, and how to part them", async () => {
  const shared = async () => {
    const { stdout } = await home.run(["doctor", "--json"]);
    const { findings } = JSON.parse(stdout) as { findings: { subject: string; says: string; fix?: string }[] };
    return findings.filter(({ subject }) => subject === "privacy");
  };
  const { approved } = JSON.parse((await home.run(["pairing", "list", "--json"])).stdout);
  for (const { channel, id } of approved) await home.run(["pairing", "revoke", channel, id]);
  const owner = await platform.says("hi", { from: "olga" });
  await home.run(["pairing", "approve", await codeFor(platform, owner)]);
  const nobodyNamed = await shared();
  await home.run(["config", "set", "channels.telegram.owners", JSON.stringify([owner.senderId])]);
  const alone = await shared();
  const guest = await platform.says("hi", { from: "gustav" });
  await home.run(["pairing", "approve", await codeFor(platform, guest)]);
  const [found] = await shared();
  const [, key = "", value = ""] = /config set (\S+) (\S+)`$/.exec(found?.fix ?? "") ?? [];
  await home.run(["config", "set", key, value]);
  const parted = await shared();
  await home.run(["config", "unset", key]);
  await home.run(["config", "unset", "channels.telegram.owners"]);
  await home.run(["pairing", "revoke", "telegram", guest.senderId]);
  await home.run(["pairing", "revoke", "telegram", owner.senderId]);

  assert.deepEqual([nobodyNamed, alone, parted], [[], [], []]);
  assert.equal(found?.says, "gustav shares your main conversation, and may be told what you said in it");
});

test("why names the rule, the line of the config that decided and what to change", async () => {
  const said = await platform.says("nobody in particular", { in: { group: "Family" } });
  await home.run(["message", "list"]);

  const { stdout } = await home.run(["why", said.id]);

  assert.match(stdout, /^Message \d+ from alice \(\d+\) in Family, telegram/);
  assert.match(stdout, /^Outcome +suppressed$/m);
  assert.match(stdout, /^Rule +not-addressed$/m);
  assert.match(stdout, /^Setting +channels\.telegram\.groups\.\*\.requireMention = true$/m);
  assert.match(stdout, new RegExp(`^Line +${configPath}:\\d+$`, "m"));
  assert.match(stdout, /^Change .*`moltbot config set 'channels\.telegram\.groups\["\*"\]\.requireMention' false`/m);
});

test("why shows the parts of the reply, and --list the newest messages", async () => {
  const code = await codeFor(platform, await platform.says("hello", { from: "peggy" }));
  await home.run(["pairing", "approve", code]);
  const said = await platform.says("/version", { from: "peggy" });
  const reply = await until(platform, "the reply", () =>
    platform.delivered.find(({ text }) => /^moltbot \d/.test(text)),
  );

  const why = await home.run(["why", said.id]);
  const list = await home.run(["why", "--list"]);

  assert.match(why.stdout, /^Outcome +replied\nRule +paired$/m);
  assert.match(why.stdout, new RegExp(`^Reply sent as ${reply.id}, .*\\n {2}moltbot \\d`, "m"));
  assert.match(list.stdout, /^ *\d+ +\S.* telegram pegg\S* .*replied +paired +\/vers/m);
});

test("send delivers text, files and what comes from stdin", async () => {
  const said = await platform.says("hello", { from: "bob" });
  const { chatId } = said;
  await codeFor(platform, said);
  const picture = join(home.stateDir, "note.txt");
  writeFileSync(picture, "a note");

  const text = await home.run(["message", "send", "-t", chatId, "-m", "**bold** words", "--json"]);
  const piped = await home.run(["message", "send", "-t", chatId], { input: "from a pipe\n" });
  const file = await home.run(["message", "send", "-t", chatId, "--media", picture]);
  const [last, ...earlier] = platform.delivered.filter((each) => each.chatId === chatId).toReversed();

  assert.deepEqual([text.code, piped.code, file.code], [0, 0, 0], piped.stderr + file.stderr);
  assert.equal(JSON.parse(text.stdout).messageId, earlier[1]?.id);
  assert.deepEqual([earlier[1]?.text, earlier[0]?.text], ["bold words", "from a pipe"]);
  assert.deepEqual(
    last?.files.map(({ fileName, bytes }) => [fileName, new TextDecoder().decode(bytes)]),
    [["note.txt", "a note"]],
  );
});

test("a message that was sent is changed, reacted to and taken back", async () => {
  const { chatId } = await platform.says("hello", { from: "carol" });
  const sent = await home.run(["message", "send", "-t", chatId, "-m", "first", "--json"]);
  const id = JSON.parse(sent.stdout).messageId as string;
  const about = ["-t", chatId, "--message-id", id];

  const edited = await home.run(["message", "edit", ...about, "-m", "second"]);
  const text = platform.delivered.find((each) => each.id === id)?.text;
  const reacted = await home.run(["message", "react", ...about, "👍"]);
  const deleted = await home.run(["message", "delete", ...about]);

  assert.deepEqual([edited.stdout, text], ["The message is changed.\n", "second"]);
  assert.equal(reacted.stdout, "Reacted with 👍.\n");
  assert.equal(deleted.stdout, "The message is taken back.\n");
  assert.equal(platform.delivered.find((each) => each.id === id)?.isUnsent, true);
});

test("a poll asks its question with all answers", async () => {
  const { chatId } = await platform.says("hello", { in: { group: "Lunch" } });

  const { code, stderr } = await home.run([
    "message",
    "poll",
    "-t",
    chatId,
    "-q",
    "Lunch?",
    "-o",
    "Soup",
    "-o",
    "Salad",
  ]);

  assert.equal(code, 0, stderr);
  assert.deepEqual(platform.delivered.at(-1)?.poll, { question: "Lunch?", options: ["Soup", "Salad"] });
});

test("a dry run shows what would be sent and sends nothing", async () => {
  const before = platform.delivered.length;

  const { stdout } = await home.run(["message", "send", "-t", "-100200", "-m", "words", "--dry-run"]);

  assert.match(stdout, /^Nothing was sent\..*\nTo +-100200\n(.*\n)*Text +words\n$/);
  assert.equal(platform.delivered.length, before);
});

test("a message in doubt is listed, and sent again in one step", async () => {
  const stranger = await platform.says("hello", { from: "dave" });
  const { chatId } = stranger;
  await codeFor(platform, stranger);
  await platform.trouble({ kind: "accept-then-fail" });

  const sent = await home.run(["message", "send", "-t", chatId, "-m", "in doubt"]);
  const listed = await home.run(["message", "list", "--state", "unknown", "--json"]);
  const id = String(JSON.parse(listed.stdout).entries[0]?.id);
  const status = await home.run(["channels", "status"]);
  const resent = await home.run(["message", "resend", id]);
  await until(platform, "it again", () => platform.delivered.filter(({ text }) => text === "in doubt").length === 2);
  const again = await home.run(["message", "discard", id]);

  assert.equal(sent.code, 1);
  assert.match(sent.stderr, new RegExp(`\`moltbot message resend ${id}\` sends it again`));
  assert.match(status.stdout, /One message may or may not have been sent/);
  assert.match(resent.stdout, new RegExp(`^Message ${id} to ${chatId} on telegram is sent again\\.\\n$`));
  assert.deepEqual([again.code, again.stderr], [1, `Message ${id} is sent.\n`]);
});

test("a second account is tried before it is saved, and removed only when that is confirmed", async () => {
  const { botToken, apiRoot } = platform.settings as { botToken: string; apiRoot: string };
  const add = ["channels", "add", "telegram", "--account", "second", "--api-root", apiRoot];

  const wrong = await home.run([...add, "--token", "1:wrong"]);
  const right = await home.run([...add, "--bot-token", botToken, "--poll-seconds", "5", "--enabled", "false"]);
  const unasked = await home.run(["channels", "remove", "telegram", "--account", "second"]);
  const removed = await home.run(["channels", "remove", "telegram", "--account", "second", "--yes"]);

  assert.deepEqual([wrong.code, wrong.stdout], [1, ""]);
  assert.match(wrong.stderr, /^Telegram rejected the bot token; .* Nothing was saved\.\n$/);
  assert.match(right.stdout, /^● Telegram \(second\) is set up as Moltbot\.\n/);
  assert.match(unasked.stderr, /^Removing Telegram \(second\) cannot be taken back; say --yes/);
  assert.equal(removed.stdout, "Telegram (second) is removed.\n");
});

test("mistyped channels, settings and accounts get the nearest name", async () => {
  const channel = await home.run(["channels", "add", "telegrm"]);
  const setting = await home.run(["channels", "add", "telegram", "--bot-tokn", "1:x"]);
  const value = await home.run(["channels", "add", "telegram", "--poll-seconds", "soon"]);
  const account = await home.run(["channels", "stop", "telegram", "--account", "other"]);
  const login = await home.run(["channels", "login", "telegram"]);

  assert.deepEqual(
    [channel, setting, value, account, login].map(({ code, stderr }) => [code, stderr]),
    [
      [2, 'There is no channel "telegrm". Did you mean telegram?\n'],
      [
        2,
        "Telegram has no setting --bot-tokn. Did you mean --bot-token? See `moltbot channels add telegram --help`.\n",
      ],
      [2, '--poll-seconds is a number, not "soon".\n'],
      [2, 'Telegram has no account "other". There is default.\n'],
      [2, "Telegram has no login; `moltbot channels add telegram --token …` takes its token.\n"],
    ],
  );
});

test("what is wrong with an account is said by status, health and doctor", async () => {
  using home = new Home();
  await using platform = await fakeTelegram();
  configure(home, { telegram: platform.settings });
  await using _gateway = await home.gateway();
  await platform.linked();

  await home.run(["channels", "stop", "telegram"]);
  await eventually("health to know of it", async () => {
    const { stdout } = await home.run(["health", "--json"]);
    return JSON.parse(stdout).channels.telegram.accounts.default.state === "stopped";
  });
  const said = await Promise.all(
    [["channels", "status"], ["status"], ["health"], ["doctor"]].map((words) => home.run(words)),
  );
  const started = await home.run(["channels", "start", "telegram"]);

  assert.deepEqual(
    said.map(({ code, stdout }) => [code, stdout.includes("`moltbot channels start telegram` starts it.")]),
    [0, 0, 0, 0].map((code) => [code, true]),
    said.map(({ stdout, stderr }) => stdout + stderr).join("\n"),
  );
  assert.match(started.stdout, /^Telegram is (starting|connected as Moltbot)\.\n$/);
});

test("a phone is linked by the QR code that login shows, and logged out again", async () => {
  using home = new Home();
  await using phone = await fakeWhatsApp();
  configure(home, { whatsapp: phone.settings });
  await using _gateway = await home.gateway([], {
    ...phone.env,
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} --import ${phone.preload}`,
  });
  const before = await home.run(["channels", "status"]);

  const login = home.spawn(["channels", "login", "--json"]);
  const messages: string[] = [];
  for await (const line of createInterface({ input: login.stdout! })) {
    const { qrText, message } = JSON.parse(line);
    messages.push(message);
    if (qrText !== undefined) await phone.scan(qrText);
  }
  const again = await home.run(["channels", "login"]);
  const out = await home.run(["channels", "logout", "whatsapp"]);

  assert.match(before.stdout, /^● WhatsApp: .*moltbot channels login whatsapp/m);
  assert.match(messages.at(-1) ?? "", /^WhatsApp is linked as /);
  assert.match(again.stdout, /^● WhatsApp is linked already; `moltbot channels login whatsapp --force`/);
  assert.equal(out.stdout, "WhatsApp is logged out.\n");
});

test("a phone is linked by the code that login writes in big letters", async () => {
  using home = new Home();
  await using phone = await fakeWhatsApp();
  configure(home, { whatsapp: phone.settings });
  await using _gateway = await home.gateway([], {
    ...phone.env,
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} --import ${phone.preload}`,
  });

  const shown = home.spawn(["channels", "login", "--phone", phone.number]);
  let drawn = "";
  for await (const chunk of shown.stdout!) {
    drawn += String(chunk);
    if (drawn.includes("On the phone with")) shown.kill("SIGINT");
  }
  const login = home.spawn(["channels", "login", "--phone", phone.number, "--json"]);
  const messages: string[] = [];
  for await (const line of createInterface({ input: login.stdout! })) {
    const { code, message } = JSON.parse(line);
    messages.push(message);
    if (code !== undefined) await phone.scan(code);
  }

  assert.match(drawn, /^(?:[█ ]{20,}\n){5}/m);
  assert.match(messages.at(-1) ?? "", /^WhatsApp is linked as /);
});

test("login draws the QR code for eyes too, and ends quietly when it is stopped", async () => {
  using home = new Home();
  await using phone = await fakeWhatsApp();
  configure(home, { whatsapp: phone.settings });
  await using _gateway = await home.gateway([], {
    ...phone.env,
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} --import ${phone.preload}`,
  });

  const login = home.spawn(["channels", "login"]);
  const ended = once(login, "exit");
  let drawn = "";
  for await (const chunk of login.stdout!) {
    drawn += String(chunk);
    if (drawn.includes("Scan this code")) login.kill("SIGINT");
  }

  const rows = drawn.split("\n").filter((line) => /^[█▀▄ ]{40,}$/.test(line));
  assert.ok(rows.length > 20, drawn);
  assert.deepEqual(await ended, [1, null]);
});

test("a login that cannot reach the platform says so, and leaves nothing enabled", async () => {
  using home = new Home();
  const path = configure(home, {});
  const nowhere = "http://127.0.0.1:9";
  await using _gateway = await home.gateway([], { HTTPS_PROXY: nowhere, HTTP_PROXY: nowhere });

  const login = await home.run(["channels", "login"]);
  const status = await home.run(["channels", "status"]);

  assert.deepEqual([login.code, login.stdout], [1, ""]);
  assert.match(login.stderr, /^WhatsApp cannot be reached; check the network/);
  assert.match(status.stdout, /^No channel is set up yet\./);
  assert.deepEqual(JSON.parse(readFileSync(path, "utf8")).channels, {});
});
