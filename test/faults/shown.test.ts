// What an operator sees of a machine in trouble: in health, in status, and in doctor, with what to do about it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fakeTelegram } from "@moltbot/fakes";
import { WrongClock } from "../../packages/gateway/src/cli/drill/wrong-clock.ts";
import { PROGRAM } from "../support/program.ts";
import { eventually } from "../support/time-limit.ts";
import { FaultBench } from "./bench.ts";

/** What a command of the command line prints about the gateway of this bench. */
async function shown(bench: FaultBench, command: string): Promise<string> {
  const { token } = await bench.subject.address();
  const child = spawn(PROGRAM.file, [...PROGRAM.args, command], {
    env: {
      ...{ PATH: process.env.PATH, NODE_OPTIONS: process.env.NODE_OPTIONS, HOME: bench.folder, NO_COLOR: "1" },
      ...{ MOLTBOT_STATE_DIR: join(bench.disk.folder, "state"), MOLTBOT_GATEWAY_TOKEN: token },
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const late = setTimeout(() => child.kill("SIGKILL"), 60_000);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  clearTimeout(late);
  return stdout + stderr;
}

test("a full disk is shown, also to a command line that has never been used before", async () => {
  await using bench = await FaultBench.start();
  const client = await bench.operator();
  // Where no file system can be mounted, the gateway can write nothing at all, not even that a device is new.
  if (!bench.disk.isMounted) await shown(bench, "health");

  bench.fill();
  await client.request("chat.send", { sessionKey: "main", message: "long ".repeat(40_000), idempotencyKey: "k1" });
  await eventually("the trouble to be known", async () => (await client.call("health")).machine.trouble);
  const [health, status, doctor] = [
    await shown(bench, "health"),
    await shown(bench, "status"),
    await shown(bench, "doctor"),
  ];
  bench.free();
  await eventually("the trouble to be over", async () => !(await client.call("health")).machine.trouble);
  const after = await shown(bench, "health");

  assert.match(health, /^● The gateway at \S+ answers\.$/m);
  const [what, todo] = bench.disk.isMounted
    ? ["the disk is full", "Free some space and try again"]
    : [
        "(?:the disk reports an error|a file is as large as the system allows)",
        "(?:Check it|Raise the limit).*try again",
      ];
  for (const output of [health, status])
    assert.match(output, new RegExp(`^● Work waits: ${what}\\.\\n {2}→ ${todo}\\.$`, "m"));
  assert.match(doctor, new RegExp(`^fail {2}machine +Work waits: ${what}\\n +→ ${todo}$`, "m"));
  assert.doesNotMatch(after, /Work waits/);
  // The mounted disk is so small that it is always nearly full.
  const rest = bench.disk.isMounted
    ? /^● Only \S+ MB are free for the state folder\.\n {2}→ Make room before the disk is full/m
    : /^● The gateway at \S+ is well\.$/m;
  assert.match(after, rest);
});

test("a clock that is not that of the platforms is shown", async () => {
  const folder = mkdtempSync(join(tmpdir(), "moltbot-clock-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(folder, { recursive: true }));
  const clock = new WrongClock(join(folder, "shift"), 365 * 86_400_000);
  const telegram = stack.use(await fakeTelegram());
  const bench = stack.use(await FaultBench.start({ platforms: [telegram], preloads: [clock.preload], env: clock.env }));

  const [health, doctor] = [await shown(bench, "health"), await shown(bench, "doctor")];

  const says = "The gateway's clock is 365 d ahead of the clock of Telegram";
  assert.ok(health.includes(`● ${says}.\n  → Set it, best by a time service`), health);
  assert.match(doctor, new RegExp(`^fail {2}clock +${says}$`, "m"));
});
