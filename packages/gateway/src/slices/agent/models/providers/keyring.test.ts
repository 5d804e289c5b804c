import assert from "node:assert/strict";
import { test } from "node:test";
import { FAKE_EPOCH, FakeClock } from "../../../../../../../test/fakes/clock.ts";
import { ModelError } from "../model-error.ts";
import { Keyring } from "./keyring.ts";
import type { Provider } from "./providers.ts";

const BASE = { id: "p", label: "P", api: "openai", baseUrl: "http://p", headers: {}, models: [] } as const;
const provider: Provider = { ...BASE, origin: "config", apiKey: "a", apiKeys: ["a", "b"] };
const limited = (retryAfterMs?: number) => new ModelError("rate-limited", "slow down", { retryAfterMs });

test("a key that is rate-limited rests as long as the provider says, then comes first again", () => {
  const clock = new FakeClock();
  const keyring = new Keyring(clock);

  const hasAnother = keyring.failed(provider, keyring.pick(provider), limited(5_000));
  const meanwhile = keyring.pick(provider).apiKey;
  clock.advance(5_000);

  assert.deepEqual([hasAnother, meanwhile, keyring.pick(provider).apiKey], [true, "b", "a"]);
});

test("where the provider does not say, rests grow from a minute to an hour, and are forgotten when the key works", () => {
  const clock = new FakeClock();
  const keyring = new Keyring(clock);
  const first = { ...provider, apiKey: "a", apiKeys: ["a"] };
  const restNow = () => (keyring.status(provider)[0]?.restsUntil ?? 0) - clock.now();
  const rests: number[] = [];

  for (let round = 0; round < 8; round++) {
    keyring.failed(provider, first, limited());
    rests.push(restNow() / 60_000);
  }
  keyring.worked(provider, first);
  keyring.failed(provider, first, limited());

  assert.deepEqual([...rests, restNow() / 60_000], [1, 2, 4, 8, 16, 32, 60, 60, 1]);
});

test("a rejected key rests until another stands in its place", () => {
  const clock = new FakeClock();
  const keyring = new Keyring(clock);
  keyring.failed(provider, keyring.pick(provider), new ModelError("logged-out", "bad key"));
  clock.advance(100 * 3_600_000);

  const changed = { ...provider, apiKey: "c", apiKeys: ["c", "b"] };

  assert.deepEqual([keyring.pick(provider).apiKey, keyring.pick(changed).apiKey], ["b", "c"]);
  assert.deepEqual(keyring.status(provider), [
    { number: 1, state: "rejected" },
    { number: 2, state: "ready" },
  ]);
});

test("when all keys rest, the one that is soonest is used", () => {
  const keyring = new Keyring(new FakeClock());
  keyring.failed(provider, keyring.pick(provider), limited(60_000));

  const hasAnother = keyring.failed(provider, keyring.pick(provider), limited(30_000));

  assert.deepEqual([hasAnother, keyring.pick(provider).apiKey], [false, "b"]);
  assert.equal(keyring.status(provider)[1]?.restsUntil, FAKE_EPOCH + 30_000);
});

test("a failure that is not the key's leaves it ready", () => {
  const keyring = new Keyring(new FakeClock());

  const hasAnother = keyring.failed(provider, keyring.pick(provider), new ModelError("temporary", "out of order"));

  assert.deepEqual([hasAnother, keyring.pick(provider).apiKey], [false, "a"]);
});
