// `moltbot update` with broken builds and a good one: the old version answers again each time, and nothing is lost. Most of
// the time is spent on waiting for what never answers, so several gateways are updated side by side.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fakeTelegram } from "@moltbot/fakes";
import { eventually, LIMIT_MS } from "../support/time-limit.ts";
import { asChild, GOOD, inPlace, LONG_WATCH, migration, UpdateStage, whenUp } from "./update-stage.ts";

/** The longest time in which the old version must answer again, ms. */
const BACK_WITHIN_MS = 90_000;
const HANG = "setInterval(() => {}, 1_000)";

type Broken = readonly [name: string, program: string | undefined, why: RegExp];

/** Builds that are broken, and why each is given up; those of one gateway follow each other. */
const BROKEN: Readonly<Record<string, readonly Broken[]>> = {
  "builds that end": [
    ["a syntax error", "this is no program", /ended by itself \(exit code 1\)/],
    ["an error at its start", "throw new Error('no');", /ended by itself \(exit code 1\)/],
    ["another Node", "console.error('needs Node 99'); process.exit(1);", /ended by itself \(exit code 1\)/],
    ["a missing file", undefined, /it has no bin\/moltbot\.mjs/],
    [
      "messages without an answer",
      `if (words[0] === "agent") process.exit(1); else ${GOOD}`,
      /a message was not answered/,
    ],
    [
      "a bad migration",
      inPlace(migration("drop table runs; update schema_versions set version = 99")),
      /ended by itself/,
    ],
    [
      "damage",
      inPlace(migration("pragma writable_schema = 1; update sqlite_schema set rootpage = 99999")),
      /ended by itself/,
    ],
  ],
  "builds that begin well": [
    ["an end after some time", inPlace(asChild(whenUp("process.exit(3)"))), /ended by itself \(exit code 3\)/],
    [
      "a port that closes",
      inPlace(asChild(whenUp(`gateway.kill('SIGKILL'); ${HANG}`))),
      /stopped answering|did not answer in time/,
    ],
    [
      "a great appetite",
      inPlace(asChild(whenUp("globalThis.eaten = Array.from({ length: 8 }, () => Buffer.alloc(100_000_000, 1))"))),
      /eats memory/,
    ],
  ],
  "builds that hang": [["a start that hangs", HANG, /failed its trial on a copy: it did not answer in time/]],
  "builds without a port": [["a port that is not opened", inPlace(HANG), /given up \(it did not answer in time\)/]],
};

async function isGivenUp(stage: UpdateStage, version: string, [name, program, why]: Broken): Promise<void> {
  await stage.say(`kept through ${name}`);
  const folder = stage.build(version, program);
  const startedAt = performance.now();

  const { code, stderr } = await stage.update("--from", folder);

  assert.equal(code, 1);
  assert.match(stderr, why, stage.shown);
  assert.match(await stage.said(), new RegExp(`kept through ${name}`));
  assert.ok(performance.now() - startedAt < BACK_WITHIN_MS);
  assert.deepEqual(
    readdirSync(stage.home.stateDir).filter((each) => /^(update\.json|current|state\.db\.before-update)$/.test(each)),
    [],
  );
}

describe("an update", { concurrency: true }, () => {
  for (const [about, builds] of Object.entries(BROKEN))
    describe(about, { concurrency: false }, () => {
      let stage: UpdateStage;
      before(async () => {
        stage = await UpdateStage.start(LONG_WATCH);
      });
      after(() => stage?.[Symbol.asyncDispose]());

      for (const [count, build] of builds.entries())
        test(`a build with ${build[0]} is given up, and nothing is lost`, () =>
          isGivenUp(stage, `2099.${count}.0`, build));
    });

  test("a build whose account is refused is given up, and nothing is lost", async () => {
    await using telegram = await fakeTelegram();
    const { botToken, ...settings } = telegram.settings;
    await using stage = await UpdateStage.start({
      ...LONG_WATCH,
      config: { channels: { telegram: { ...settings, dmPolicy: "open", allowFrom: ["*"] } } },
      env: { TELEGRAM_BOT_TOKEN: String(botToken) },
    });
    const isConnected = async () => {
      const { stdout } = await stage.home.run(["health", "--json", "--timeout", String(LIMIT_MS)]);
      return JSON.parse(stdout).channels?.telegram?.accounts?.default?.state === "connected";
    };
    await eventually("the account to be connected", isConnected);
    const refused = inPlace(`process.env.TELEGRAM_BOT_TOKEN = "1:another"; ${GOOD}`);

    await isGivenUp(stage, "2099.20.0", ["a refused account", refused, /the account default of telegram is refused/]);

    await eventually("the account to be connected again", isConnected);
    await telegram.says("/echo still here");
    await eventually("the answer", () => telegram.delivered.some(({ text }) => text.includes("still here")));
  });

  test("a good build stays, also after a restart, and undo goes back to what was there before", async () => {
    await using stage = await UpdateStage.start();
    const { home, child } = stage;
    await stage.say("before the update");

    const updated = await stage.update("--from", stage.build("2100.1.0", GOOD), "--json");
    await stage.say("after the update");
    const since = await stage.said();
    const runsAs = readFileSync(`/proc/${child.pid}/environ`, "utf8");
    const undone = await stage.update("undo");

    assert.equal(updated.code, 0, updated.stderr + stage.shown);
    assert.equal(JSON.parse(updated.stdout).result.status, "ok");
    assert.match(runsAs, /MOLTBOT_VERSION_IN_USE=2100\.1\.0/, stage.shown);
    assert.match(since, /after the update/);
    assert.equal(undone.code, 0, undone.stderr);
    assert.doesNotMatch(await stage.said(), /after the update/);
    assert.equal(existsSync(join(home.stateDir, "current")), false);
  });

  test("a folder that is no package is refused at once", async () => {
    await using stage = await UpdateStage.start();

    const { code, stderr } = await stage.update("--from", stage.home.stateDir);

    assert.equal(code, 1);
    assert.match(stderr, /Nothing was changed: .*holds no package of moltbot/);
  });
});
