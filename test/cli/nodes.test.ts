// Nodes from the command line: a machine becomes one, is approved, and runs a program that a person allowed.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { Home } from "./harness.ts";

const TOKEN = { MOLTBOT_GATEWAY_TOKEN: "a-token-for-tests" };

test("a machine becomes a node, is approved, and runs what a person allows", async () => {
  using home = new Home();
  using away = new Home();
  await using gateway = await home.gateway([], TOKEN);
  const node = away.spawn(["node", "run", "--url", gateway.url, "--name", "kitchen", "--root", away.stateDir], TOKEN);
  const lines = createInterface(node.stdout!);
  try {
    for await (const line of lines) if (line.startsWith("Connected")) break;
    const waiting = await home.run(["nodes", "list", "--json"], { env: TOKEN });
    const { pending, nodes } = JSON.parse(waiting.stdout);
    const refused = await home.run(["nodes", "run", "--node", "kitchen", "--", "echo", "hi"], { env: TOKEN });
    const doctor = await home.run(["doctor", "--json"], { env: TOKEN });
    const approved = await home.run(["nodes", "approve", pending[0].requestId], { env: TOKEN });
    const which = await home.run(
      [
        "nodes",
        "invoke",
        "system.which",
        "--node",
        "kitchen",
        "--params",
        '{"bins":["sh","no-such-program"]}',
        "--json",
      ],
      { env: TOKEN },
    );
    const running = home.spawn(["nodes", "run", "--node", "kitchen", "--", "sh", "-c", "echo from the node"], TOKEN);
    let said = "";
    running.stdout!.on("data", (chunk: Buffer) => (said += String(chunk)));
    const ended = once(running, "exit");
    const code = await codeThatWaits(home);
    await home.run(["approvals", "approve", code], { env: TOKEN });
    const [exitCode] = await ended;
    const status = await away.run(["node", "status", "--json"]);

    assert.deepEqual(
      [nodes[0].displayName, nodes[0].commands, nodes[0].approvalState],
      ["kitchen", [], "pending-approval"],
    );
    assert.match(refused.stderr, /not allowed/);
    const { findings } = JSON.parse(doctor.stdout);
    assert.match(JSON.stringify(findings), /kitchen is connected; its commands wait for approval: system\.run/);
    assert.ok(JSON.stringify(findings).includes(`moltbot nodes approve ${pending[0].requestId}`));
    assert.match(approved.stdout, /^kitchen is approved: .*system\.run/);
    assert.match(JSON.parse(which.stdout).bins.sh, /\/sh$/);
    assert.deepEqual(Object.keys(JSON.parse(which.stdout).bins), ["sh"]);
    assert.deepEqual([exitCode, said], [0, "from the node\n"]);
    assert.equal(JSON.parse(status.stdout).isApproved, true);
  } finally {
    node.kill("SIGTERM");
    await once(node, "exit");
  }
});

/** The code of the command that waits for approval. */
async function codeThatWaits(home: Home): Promise<string> {
  for (;;) {
    const { stdout } = await home.run(["approvals", "list", "--json"], { env: TOKEN });
    const [waiting] = JSON.parse(stdout).pending;
    if (waiting) return waiting.code;
  }
}

test("what is not there is told with where to look", async () => {
  using home = new Home();
  await using _gateway = await home.gateway([], TOKEN);
  const said = async (...words: string[]) => {
    const { code, stderr } = await home.run(words, { env: TOKEN });
    return `${code} ${stderr.trim()}`;
  };

  const told = [
    await said("nodes", "describe", "attic"),
    await said("nodes", "invoke", "system.which", "--node", "attic"),
    await said("nodes", "approve", "attic"),
    await said("cron", "rm", "attic"),
    await said("cron", "runs", "attic"),
    await said("config", "unset", "attic"),
  ];

  assert.deepEqual(told, [
    "1 Unknown nodeId. `moltbot nodes list` shows the nodes.",
    "1 Node not connected. `moltbot nodes list` shows the nodes.",
    "1 No request attic waits. See `moltbot nodes list`.",
    "1 Unknown cron job id: attic. `moltbot cron list` shows the jobs.",
    "1 Unknown cron job id: attic. `moltbot cron list` shows the jobs.",
    "1 attic is not set; nothing was changed.",
  ]);
});

test("a request that does not wait is named, with the command that lists the others", async () => {
  using home = new Home();
  await using _gateway = await home.gateway([], TOKEN);

  const approved = await home.run(["nodes", "approve", "nope"], { env: TOKEN });
  const rejected = await home.run(["nodes", "reject", "nope"], { env: TOKEN });

  const expected = { code: 1, stdout: "", stderr: "No request nope waits. See `moltbot nodes list`.\n" };
  assert.deepEqual([approved, rejected], [expected, expected]);
});
