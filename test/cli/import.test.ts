// `moltbot import`: what a person sees, is asked, and is refused.
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { januaryFolder, put } from "../support/other-gateways.ts";
import { Home } from "./harness.ts";

/** A home with a folder of January in it, and the environment that points there. */
function stage(home: Home) {
  const people = join(home.stateDir, "..", "people");
  const folder = join(people, ".clawdbot");
  mkdirSync(folder, { recursive: true });
  januaryFolder(folder);
  return { folder, env: { HOME: people } };
}

test("a folder in the home is found, told of, imported with a report, and taken back; no secret is printed", async () => {
  using home = new Home();
  const { env } = stage(home);

  const dry = await home.run(["import", "--dry-run"], { env });
  const stateAfterDry = readdirSync(home.stateDir);
  const real = await home.run(["import", "--yes"], { env });
  const sessions = await home.run(["import", "--dry-run", "--json"], { env });
  const undone = await home.run(["import", "undo"], { env });
  const again = await home.run(["import", "undo"], { env });

  assert.deepEqual(
    [dry.code, real.code, undone.code, again.code],
    [0, 0, 0, 1],
    dry.stderr + real.stderr + undone.stderr,
  );
  assert.match(dry.stdout, /Messages +8 +8/);
  assert.ok(!stateAfterDry.some((name) => name.startsWith("import-")));
  assert.match(real.stdout, /Imported\n[\s\S]*Messages +8/);
  assert.match(real.stdout, /telegram, discord\) are switched off/);
  const fresh = JSON.parse(sessions.stdout).counts.map(({ fresh }: { fresh: number }) => fresh);
  assert.deepEqual(new Set(fresh), new Set([0]));
  const report = readdirSync(home.stateDir).find((name) => name.startsWith("import-"))!;
  assert.equal(statSync(join(home.stateDir, report)).mode & 0o777, 0o600);
  const all = dry.stdout + real.stdout + sessions.stdout + readFileSync(join(home.stateDir, report), "utf8");
  for (const secret of [
    "secret-of-the-bot",
    "sk-ant-secret",
    "discord-token",
    "january-token",
    "their-shared-token",
    "noiseKey",
  ])
    assert.ok(!all.includes(secret), secret);
  assert.match(
    undone.stdout,
    /Taken back: the import of .*\.clawdbot \(8 messages, 4 jobs, 1 devices, 1 senders, 2 logins\)/,
  );
  assert.match(again.stderr, /no import to take back/);
});

test("the secret of the other gateway takes the place of one that was made a moment ago", async () => {
  using home = new Home();
  const { env } = stage(home);

  await home.run(["import", "--yes", "--only", "config"], { env });

  assert.match(readFileSync(join(home.stateDir, "moltbot.json"), "utf8"), /their-shared-token/);
});

test("nothing is imported while a gateway runs on our state, nor while one listens where the other one does", async () => {
  using home = new Home();
  const { env } = stage(home);
  const gateway = await home.gateway();
  const running = await home.run(["import", "--yes"], { env });
  await gateway.end("SIGTERM");
  const server = createServer().listen(28_789, "127.0.0.1");
  await once(server, "listening");
  const taken = await home.run(["import", "--yes"], { env });
  server.close();

  assert.deepEqual([running.code, taken.code], [1, 1]);
  assert.match(running.stderr, /A gateway runs on .*moltbot gateway stop/);
  assert.match(taken.stderr, /Something listens on port 28789/);
});

test("without a folder, with several, and where nobody can be asked, it says what to do", async () => {
  using home = new Home();
  const { env, folder } = stage(home);
  const empty = join(home.stateDir, "..", "nobody");
  mkdirSync(empty);

  const none = await home.run(["import"], { env: { HOME: empty } });
  const asked = await home.run(["import", folder], { env });
  const wrong = await home.run(["import", "--only", "everything"], { env });

  assert.deepEqual([none.code, asked.code, wrong.code], [2, 2, 2]);
  assert.match(none.stderr, /moltbot import DIR/);
  assert.match(asked.stderr, /--yes/);
  assert.match(wrong.stderr, /sessions/);
});

test("a copied workspace stays in our state folder, whatever its agent is called", async () => {
  using home = new Home();
  const { env, folder } = stage(home);
  const workspace = join(folder, "notes");
  mkdirSync(workspace);
  put(workspace, "SOUL.md", "Hello.");
  const agents = { list: [{ id: "x/../../taken", workspace }] };
  put(folder, "moltbot.json", JSON.stringify({ agents }));
  rmSync(join(folder, "clawdbot.json"));

  const { code, stderr } = await home.run(["import", folder, "--yes", "--copy", "--only", "workspace"], { env });

  assert.equal(code, 0, stderr);
  assert.deepEqual(
    readdirSync(home.stateDir).filter((name) => name.startsWith("workspace")),
    ["workspace-x-taken"],
  );
  assert.equal(existsSync(join(home.stateDir, "..", "taken")), false);
});

test("a port that is none, and a home that is no folder, are no errors of ours", async () => {
  using home = new Home();
  const { env, folder } = stage(home);
  put(folder, "moltbot.json", JSON.stringify({ gateway: { port: 99_999 } }));
  rmSync(join(folder, "clawdbot.json"));
  const file = join(home.stateDir, "..", "no-folder");
  writeFileSync(file, "");

  const odd = await home.run(["import", folder, "--yes", "--only", "voicewake"], { env });
  const none = await home.run(["import"], { env: { HOME: file } });

  assert.deepEqual([odd.code, none.code], [0, 2], odd.stderr + none.stderr);
  assert.match(none.stderr, /No state folder of clawdbot/);
});
