// `kill -9` in each phase of an update and of its undo, two updates at once, and a full disk: afterwards a gateway answers, nothing
// is lost, and nothing runs that nobody watches.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { eventually } from "../support/time-limit.ts";
import { GOOD, LONG_WATCH, UpdateStage } from "./update-stage.ts";
import { noted, supervised } from "./update-supervised.ts";

const has = (folder: string, pattern: RegExp) =>
  existsSync(folder) && readdirSync(folder).some((each) => pattern.test(each));

function phaseIn(stateDir: string): string | undefined {
  try {
    return JSON.parse(readFileSync(join(stateDir, "update.json"), "utf8")).phase;
  } catch {
    return undefined;
  }
}

/** The processes that work on a state folder or below it, beside those of tests and commands. */
function gatewaysOf(stateDir: string): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      const state = /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
      const isGateway = /node$/.test(words[0] ?? "") && words.includes("gateway") && !words.includes("ready");
      return state !== "Z" && isGateway && readFileSync(`/proc/${pid}/environ`, "utf8").includes(stateDir);
    } catch {
      return false;
    }
  });
}

type Moment = (stage: UpdateStage) => boolean;
const inVersions = (stage: UpdateStage, pattern: RegExp) => has(join(stage.home.stateDir, "versions"), pattern);

/** How to see from outside that a phase has begun. */
const PHASES: Readonly<Record<string, Moment>> = {
  "the version is unpacked": (stage) => inVersions(stage, /^\.[^p].*\.tmp$/) || inVersions(stage, /^2100/),
  "it is tried on a copy": (stage) => inVersions(stage, /^\.probe-/),
  "it is tried on a copy and runs": (stage) =>
    readdirSync(join(stage.home.stateDir, "versions")).some(
      (each) => each.startsWith(".probe-") && existsSync(join(stage.home.stateDir, "versions", each, "gateway.json")),
    ),
  "the gateway makes room": ({ home }) => phaseIn(home.stateDir) === "ready",
  "it begins in the gateway's place": ({ home }) => phaseIn(home.stateDir) === "trial",
  "it is watched": ({ home }) => phaseIn(home.stateDir) === "trial" && noted(home) !== undefined,
  "it is switched to": (stage) => stage.version !== undefined,
};

for (const [phase, hasCome] of Object.entries(PHASES))
  test(`kill -9 of a gateway that is updated, when ${phase}`, async () => {
    await using under = await supervised({ hasSocket: false, ...LONG_WATCH });
    const { stage } = under;
    const { home } = stage;
    await stage.say("before the update");
    const { pid } = noted(home)!;

    const updating = stage.update("--from", stage.build("2100.1.0", GOOD));
    await eventually(phase, () => existsSync(join(home.stateDir, "versions")) && hasCome(stage));
    process.kill(pid, "SIGKILL");
    await eventually(
      "a gateway to answer",
      async () => (await home.run(["gateway", "ready", "--wait", "60"])).code === 0,
    );
    await updating;

    assert.match(await stage.said(), /before the update/);
    await eventually("one gateway to be left", () => gatewaysOf(home.stateDir).length === 1);
    assert.equal(phaseIn(home.stateDir), undefined);
    await eventually("nothing to be left", () => !has(join(home.stateDir, "versions"), /\.tmp$/));
  });

test("kill -9 of a gateway that goes back: what was there before the update is there", async () => {
  await using under = await supervised({ hasSocket: false });
  const { stage } = under;
  const { home } = stage;
  await stage.say("before the update");
  const updated = await stage.update("--from", stage.build("2100.1.0", GOOD));
  await stage.say("after the update");

  const undoing = stage.update("undo");
  await eventually("the restore to be ready", () => phaseIn(home.stateDir) === "undo");
  process.kill(noted(home)!.pid, "SIGKILL");
  await undoing;
  await eventually("the old version to answer", async () => {
    const { code } = await home.run(["gateway", "ready", "--wait", "60"]);
    return code === 0 && stage.version === undefined && !existsSync(join(home.stateDir, "restore.json"));
  });

  const said = await stage.said();
  assert.equal(updated.code, 0, updated.stderr + stage.shown);
  assert.match(said, /before the update/);
  assert.doesNotMatch(said, /after the update/);
  assert.equal(gatewaysOf(home.stateDir).length, 1);
});

test("of two updates at once one is made, and the other is told so", async () => {
  await using stage = await UpdateStage.start();
  const folder = stage.build("2100.1.0", GOOD);

  const both = await Promise.all([stage.update("--from", folder), stage.update("--from", folder)]);

  const [won, lost] = both.toSorted((a, b) => (a.code ?? 1) - (b.code ?? 1));
  assert.deepEqual([won?.code, lost?.code], [0, 1], JSON.stringify(both));
  assert.match(lost?.stderr ?? "", /An update is under way; wait for its end/);
  assert.equal(stage.version, "2100.1.0");
});
