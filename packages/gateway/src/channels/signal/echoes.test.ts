import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { ChannelState } from "../../kit/channel.ts";
import type { Inbound } from "../../kit/channel-message.ts";
import { echoChanges, findEcho } from "./echoes.ts";
import { EventRecord } from "./record.ts";

const HOUR_MS = 3_600_000;

function keeping(entries: Readonly<Record<string, string>>): ChannelState {
  return { get: (key) => entries[key], entries: () => Object.entries(entries), write: () => {} };
}

const echo = (chatId: string, text: string) => JSON.stringify({ chatId, text });
const own = (more: object) =>
  ({
    kind: "message",
    fromSelf: true,
    at: 2 * HOUR_MS,
    chat: { id: "+1" },
    messageId: "7200000",
    text: "hi",
    ...more,
  }) as Inbound;

test("what the account has sent is kept for an hour; what others write is not", () => {
  const state = keeping({ "echo:3599999": echo("+1", "old"), "echo:3600000": echo("+1", "young") });

  assert.deepEqual(echoChanges(state, own({})), { "echo:3599999": undefined, "echo:7200000": echo("+1", "hi") });
  assert.deepEqual([echoChanges(state, own({ fromSelf: false })), echoChanges(state, own({ kind: "edit" }))], [{}, {}]);
});

test("an echo is found by its chat and its text, and none from before the send", () => {
  const state = keeping({ "echo:5": echo("+1", "hi"), "echo:9": echo("+2", "hi"), "echo:11": echo("+1", "hi") });
  const found = (wanted: object) => findEcho(state, { chatId: "+1", text: " hi ", since: 5, ...wanted });

  assert.deepEqual([found({}), found({ since: 6 }), found({ chatId: "+2" })], ["5", "11", "9"]);
  assert.deepEqual(
    [found({ since: 12 }), found({ text: "ho" }), found({ chatId: "+3" })],
    [undefined, undefined, undefined],
  );
});

const folder = mkdtempSync(join(tmpdir(), "moltbot-signal-record-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("the record hands over each event once, leaves out what is none, and is for the owner alone", () => {
  const path = join(folder, "signal-cli.events");
  const record = new EventRecord(folder);
  const taken: string[] = [];
  record.drain((data) => taken.push(data));
  record.open()[Symbol.dispose]();
  writeFileSync(path, 'INFO started\n{"a":1}\n{"b":2}\n', { flag: "a" });

  record.drainWhenLarge((data) => taken.push(data));
  const whileSmall = [...taken];
  record.drain((data) => taken.push(data));
  record.drain((data) => taken.push(data));

  assert.deepEqual([whileSmall, taken, readFileSync(path, "utf8")], [[], ['{"a":1}', '{"b":2}'], ""]);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test("a record that has grown large is taken in, and one that could not be taken in stays", () => {
  const path = join(folder, "signal-cli.events");
  const record = new EventRecord(folder);
  writeFileSync(path, `{"a":"${"x".repeat(1024 * 1024)}"}\n`);
  const taken: string[] = [];

  assert.throws(() =>
    record.drainWhenLarge(() => {
      throw new Error("the disk is full");
    }),
  );
  record.drainWhenLarge((data) => taken.push(data));

  assert.deepEqual([taken.length, statSync(path).size], [1, 0]);
});
