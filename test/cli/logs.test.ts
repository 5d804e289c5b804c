// `moltbot logs`: which lines it shows, of a gateway that runs and of one that is gone, and how it goes on.

import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { freePort, Home } from "./harness.ts";

const line = (minutesAgo: number, level: string, msg: string, fields: object = {}) =>
  `${JSON.stringify({ time: new Date(Date.now() - minutesAgo * 60_000).toISOString(), level, msg, ...fields })}\n`;

const OLD = line(180, "warn", "an old warning");
const LINK = line(30, "warn", "the link is down", { channel: "telegram", account: "work" });
const RUN = line(5, "info", "a run is taken up again", { runId: "4f1c-77" });

const queries: readonly [words: readonly string[], expected: readonly string[]][] = [
  [["--level", "warn", "--since", "2h"], [LINK]],
  [
    ["--level", "warn", "--since", "1d"],
    [OLD, LINK],
  ],
  [["--account", "telegram/work"], [LINK]],
  [["--run", "4f1c"], [RUN]],
  [["--word", "LINK", "--word", "down"], [LINK]],
];

for (const isRunning of [true, false])
  test(`lines are looked for ${isRunning ? "by the gateway" : "in the file of a gateway that is gone"}`, async () => {
    using home = new Home();
    mkdirSync(join(home.stateDir, "logs"), { recursive: true, mode: 0o700 });
    writeFileSync(join(home.stateDir, "logs", "gateway.log.1"), OLD);
    writeFileSync(join(home.stateDir, "logs", "gateway.log"), `${LINK}${RUN}`);
    await using _gateway = isRunning ? await home.gateway() : undefined;
    const env: Record<string, string> = isRunning ? {} : { MOLTBOT_GATEWAY_PORT: await freePort() };

    const found = await Promise.all(queries.map(([words]) => home.run(["logs", "--json", ...words], { env })));

    assert.deepEqual(
      found.map(({ stdout }) => stdout),
      queries.map(([, expected]) => expected.join("")),
    );
  });

test("what is added is shown as it comes, as far as it is looked for", async () => {
  using home = new Home();
  await using _gateway = await home.gateway();
  const path = join(home.stateDir, "logs", "gateway.log");
  appendFileSync(path, LINK);
  const child = home.spawn(["logs", "--follow", "--json", "--level", "warn"]);
  const lines: string[] = [];

  for await (const each of createInterface({ input: child.stdout! })) {
    lines.push(`${each}\n`);
    if (lines.length === 1) appendFileSync(path, `${RUN}${OLD}`);
    if (lines.length === 2) break;
  }
  child.kill("SIGTERM");

  assert.deepEqual(lines, [LINK, OLD]);
});

test("a time that nobody understands is refused with the forms that are", async () => {
  using home = new Home();

  const { code, stderr } = await home.run(["logs", "--since", "yesterday"]);

  assert.deepEqual(
    [code, stderr],
    [2, '--since is a length such as 10m, 2h or 3d, or a time such as 2026-01-31T08:00, not "yesterday".\n'],
  );
});

test("a log without lines, or without such lines, says so", async () => {
  using home = new Home();
  const path = join(home.stateDir, "logs", "gateway.log");
  mkdirSync(join(home.stateDir, "logs"), { recursive: true, mode: 0o700 });
  const env = { MOLTBOT_GATEWAY_PORT: await freePort() };

  writeFileSync(path, "");
  const empty = await home.run(["logs"], { env });
  writeFileSync(path, RUN);
  const other = await home.run(["logs", "--word", "elephant"], { env });

  const said = [empty, other].map(({ stdout, stderr }) => [stdout, stderr]);
  assert.deepEqual(said, [
    ["", `The gateway does not run; no line is in ${path}.\n`],
    ["", `The gateway does not run; no line like that is in ${path}.\n`],
  ]);
});
