// Hooks, mails and reminders come all the time while the gateway is killed at random moments: each is done once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type FakePlatform, fakeDiscord, until } from "@moltbot/fakes";
import { ignore } from "../../packages/gateway/src/base/errors.ts";
import { Random } from "../../packages/gateway/src/cli/drill/random.ts";
import { type KillableGateway, killableOver } from "../agent/killable-gateway.ts";
import { OPEN } from "../channels/bench.ts";
import { FakeImap } from "../fakes/imap/server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { LIMIT_MS } from "../support/time-limit.ts";
import type { WireClient } from "../support/wire-client.ts";
import { callHook, HOOK_TOKEN, withToken } from "../wire/hooks-stage.ts";

const SEED = 20_261_130;
const KILLS = 8;
/** Hooks, and mails, that come right before each kill. */
const EACH = 6;
/** What senders send that nobody can read, between what they can. */
const ODD: readonly (string | Uint8Array)[] = [
  "[".repeat(100_000),
  "x".repeat(300_000),
  new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22]),
  '{"message":""}',
  "",
];

/** A sender that tries again until it is answered, as senders do. */
class Sender {
  readonly #gateway: KillableGateway;
  readonly #work: Promise<void>[] = [];
  readonly runIds = new Map<string, string>();
  readonly oddStatuses = new Set<number>();

  constructor(gateway: KillableGateway) {
    this.#gateway = gateway;
  }

  send(key: string): void {
    // Of two fields of one name the last counts, as for every reader of JSON.
    const body = `{"message":"not this","message":"Work on ${key}"}`;
    const accepted = this.#try(body, key).then(({ body: { runId } }) => void this.runIds.set(key, runId));
    this.#work.push(accepted);
  }

  sendOdd(body: string | Uint8Array): void {
    this.#work.push(this.#try(body).then(({ status }) => void this.oddStatuses.add(status)));
  }

  async done(): Promise<void> {
    await Promise.all(this.#work);
  }

  async #try(body: string | Uint8Array, key?: string) {
    const headers = withToken(key === undefined ? {} : { "idempotency-key": key });
    for (const limit = AbortSignal.timeout(4 * LIMIT_MS); ; limit.throwIfAborted()) {
      const answer = await callHook(this.#gateway.httpUrl, "/hooks/agent", { body, headers }).catch((error: unknown) =>
        ignore(error, "the gateway is down; it is tried again"),
      );
      if (answer && answer.status < 500) return answer;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** All deliveries, once they are so many and the runs of all have ended. */
async function deliveries(client: WireClient, count: number) {
  for (const limit = AbortSignal.timeout(2 * LIMIT_MS); ; limit.throwIfAborted()) {
    const { deliveries: all } = await client.call("hooks.deliveries", { limit: 500 });
    const accepted = all.filter(({ outcome }: { outcome: string }) => outcome === "accepted");
    if (accepted.length >= count && accepted.every(({ runEnd }: { runEnd?: string }) => runEnd)) return accepted;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const mail = (id: string) =>
  `From: Ann Ort <ann@example.org>\nTo: joe@example.org\nSubject: ${id}\nMessage-ID: <${id}@example.org>\n\nHello.\n`;

/** The texts of reminders that were said, in order. */
const said = (fake: FakePlatform) =>
  fake.delivered.flatMap(({ text }) => /^Reminder: (thing \d+)/.exec(text)?.[1] ?? []).sort();

test("each hook that was answered runs once, each mail is taken once, each reminder is said once, whatever is killed", {
  timeout: 600_000,
}, async () => {
  const random = new Random(SEED);
  await using model = await fakeOpenAI();
  await using server = await FakeImap.start();
  await using fake = await fakeDiscord();
  await using gateway = killableOver(model, {
    hooks: { enabled: true, token: HOOK_TOKEN },
    mail: { accounts: { home: server.settings }, maxPerHour: 1_000 },
    channels: { discord: { ...fake.settings, ...OPEN, owners: [fake.idOf("alice")] } },
  });
  const sender = new Sender(gateway);
  const keys: string[] = [];
  const things: string[] = [];
  let client = await gateway.start();
  // A mailbox begins with the next mail, so the first look must be over.
  for (const limit = AbortSignal.timeout(LIMIT_MS); ; limit.throwIfAborted())
    if ((await client.call("mail.status", {})).accounts[0].state === "watching") break;

  for (let kill = 0; kill < KILLS; kill++) {
    await client.call("set-heartbeats", { enabled: false });
    sender.sendOdd(ODD[kill % ODD.length]!);
    things.push(`thing ${kill}`);
    await fake.says(`/remind in ${1 + random.below(3)} seconds to thing ${kill}`, { from: "alice" });
    await new Promise((resolve) => setTimeout(resolve, random.below(1_500)));
    for (let index = 0; index < EACH; index++) {
      keys.push(`hook-${kill}-${index}`);
      sender.send(keys.at(-1)!);
      await server.receive(mail(`mail-${kill}-${index}`));
      // The kill strikes while some are on their way, some are on disk, and some are answered.
      await new Promise((resolve) => setTimeout(resolve, random.below(10)));
    }
    await gateway.kill();
    client = await gateway.start();
  }
  await sender.done();
  const all = await deliveries(client, keys.length + EACH * KILLS);
  await until(fake, "the last reminder", () => (said(fake).length >= things.length ? true : undefined));

  const hooks = all.filter(({ hook }: { hook: string }) => hook === "agent");
  const mails = all.filter(({ hook }: { hook: string }) => hook === "mail-home");
  const sortedIds = (rows: readonly { eventId: string }[]) => rows.map(({ eventId }) => eventId).sort();
  assert.deepEqual(sortedIds(hooks), keys.toSorted());
  assert.deepEqual(
    Object.fromEntries(hooks.map(({ eventId, runId }: Record<string, string>) => [eventId, runId])),
    Object.fromEntries(sender.runIds),
  );
  assert.deepEqual(
    sortedIds(mails),
    server.mails.map(({ source }) => /<.*@example\.org>$/m.exec(source.split("Message-ID: ")[1]!)![0]).sort(),
  );
  assert.deepEqual([...new Set(all.map(({ runEnd }: { runEnd: string }) => runEnd))], ["ok"]);
  for (const { sessionKey } of all)
    assert.equal((await client.call("chat.history", { sessionKey })).messages.length, 2, sessionKey);
  assert.deepEqual(said(fake), things.toSorted());
  assert.deepEqual([...sender.oddStatuses].sort(), [400, 413]);
});
