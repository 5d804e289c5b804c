// What platforms answer when a gateway reads what it has missed: each field of a message, and the list itself, of another type
// than documented. What was said is taken in all the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type FakePlatform, fakeBlueBubbles, fakeDiscord, fakeSlack } from "../../packages/fakes/src/index.ts";
import { CHANNELS } from "../../packages/gateway/src/channels/index.ts";
import { AccountBench } from "../support/channel-context.ts";
import { eventually } from "../support/time-limit.ts";
import { AlteringProxy } from "./altering-proxy.ts";

type Fields = Readonly<Record<string, unknown>>;

const ODD = [null, 5, -1, 1e308, "", "odd", "\u202e\u0000", {}, [], [null], true] as const;

/** The value with each value in it replaced by each odd one, one by one. */
function* variants(value: unknown): Generator<unknown> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, held] of Object.entries(value)) {
    const put = (other: unknown) =>
      Array.isArray(value) ? value.with(Number(key), other) : { ...value, [key]: other };
    for (const odd of ODD) yield put(odd);
    for (const odd of variants(held)) yield put(odd);
  }
}

interface Platform {
  readonly start: () => Promise<FakePlatform>;
  readonly path: RegExp;
  /** Where the messages are in an answer. */
  readonly list: string | undefined;
  /** The field of a message's id, and another id than the one that it has. */
  readonly id: string;
  readonly another: (id: string, n: number) => string;
  /** The most messages of a page. */
  readonly most: number;
}

const PLATFORMS: readonly Platform[] = [
  {
    ...{ start: fakeSlack, path: /conversations\.history/, list: "messages", id: "ts", most: 2_000 },
    another: (ts, n) => (Number(ts) - 0.0001 - n * 0.000_001).toFixed(6),
  },
  {
    ...{ start: fakeDiscord, path: /\/messages\?.*after=/, list: undefined, id: "id", most: 2_000 },
    another: (id, n) => String(BigInt(id) - BigInt(n + 1)),
  },
  {
    ...{ start: fakeBlueBubbles, path: /\/message\/query/, list: "data", id: "guid", most: 2_000 },
    another: (guid, n) => `${guid}-${n}`,
  },
];

for (const { start, path, list, id, another, most } of PLATFORMS) {
  const name = start.name.slice("fake".length);
  const listOf = (body: unknown) => (list === undefined ? body : (body as Fields)[list]) as unknown[];
  const withList = (body: unknown, messages: unknown) =>
    list === undefined ? messages : { ...(body as Fields), [list]: messages };

  /** An account that has heard something and is away now. */
  const accountAway = async (fake: FakePlatform, proxy: AlteringProxy): Promise<AccountBench> => {
    const bench = new AccountBench(CHANNELS.find((each) => each.id === fake.channel)!, proxy.settings(fake));
    const first = await bench.open();
    const before = await fake.says("before", { mentionsBot: true });
    await bench.received("the first", (each) => each.kind === "message" && each.messageId === before.id);
    await first[Symbol.asyncDispose]();
    (fake as { expireSessions?: () => void }).expireSessions?.();
    return bench;
  };

  test(`${name}: what was missed is taken in, whatever stands beside it`, async () => {
    await using fake = await start();
    await using proxy = await AlteringProxy.before(fake, path);
    await using bench = await accountAway(fake, proxy);
    const missed = await fake.says("missed", { mentionsBot: true });

    proxy.alters((body) => {
      const messages = listOf(body);
      const last = messages.find((each) => JSON.stringify(each).includes("missed"));
      if (last === undefined) return body;
      const odd = [...variants(last)].slice(0, most) as Fields[];
      const distinct = odd.map((each, n) => ({ ...each, [id]: another(String((last as Fields)[id]), n) }));
      return withList(body, [null, 5, "x", {}, [], ...distinct, ...messages]);
    });
    await bench.open();

    await bench.received("what was missed", (each) => each.kind === "message" && each.messageId === missed.id);
    assert.deepEqual(
      bench.log.filter(({ level }) => level === "error"),
      [],
    );
  });

  for (const odd of [null, {}, "odd", 5])
    test(`${name}: with a history that is ${JSON.stringify(odd)} it links, and reads what is said then`, async () => {
      await using fake = await start();
      await using proxy = await AlteringProxy.before(fake, path);
      await using bench = await accountAway(fake, proxy);

      await fake.says("missed", { mentionsBot: true });
      proxy.alters((body) => withList(body, odd));
      await bench.open();
      await eventually("the history to be asked for", () => proxy.met > 0);
      proxy.alters(undefined);
      const after = await fake.says("after", { mentionsBot: true });

      await bench.received("what is said then", (each) => each.kind === "message" && each.messageId === after.id);
      assert.deepEqual(
        bench.log.filter(({ level }) => level === "error"),
        [],
      );
    });
}
