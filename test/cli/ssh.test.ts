// Commands through an ssh tunnel.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { FakeSsh } from "../fakes/ssh.ts";
import { isAlive } from "../support/is-alive.ts";
import { Home, type RunningGateway } from "./harness.ts";

/** A gateway on the far machine, and the state of the near one. */
async function stage() {
  const far = new Home();
  const gateway = await far.gateway();
  return { far, gateway, near: new Home(), ssh: new FakeSsh() };
}

function close({ far, near, ssh }: Awaited<ReturnType<typeof stage>>): void {
  for (const each of [near, far, ssh]) each[Symbol.dispose]();
}

function portOf({ link }: RunningGateway): string {
  return link.port;
}

test("--ssh reaches the gateway there through a tunnel that ends with the command", async () => {
  const all = await stage();
  await using _gateway = all.gateway;
  const { near, ssh, gateway } = all;

  const url = `ws://127.0.0.1:${portOf(gateway)}`;
  const args = [
    "health",
    "--ssh",
    "ann@far.example:2222",
    "--ssh-identity",
    "key",
    "--url",
    url,
    "--token",
    gateway.token,
  ];
  const { code, stdout, stderr } = await near.run(args, { env: ssh.env() });

  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, new RegExp(`^● The gateway at ${url} is well`));
  const [run] = ssh.runs;
  const words = run?.words.join(" ") ?? "";
  assert.match(
    words,
    new RegExp(
      `^-N -L 127\\.0\\.0\\.1:\\d+:127\\.0\\.0\\.1:${portOf(gateway)} -o ExitOnForwardFailure=yes .*-o BatchMode=yes -p 2222 -i key -- ann@far\\.example$`,
    ),
  );
  assert.doesNotMatch(words, /StrictHostKeyChecking|ControlMaster/);
  assert.deepEqual([ssh.runs.length, isAlive(run!.pid)], [1, false]);
  close(all);
});

test("a gateway behind ssh gets a name with a one-time code, and its token never comes here", async () => {
  const all = await stage();
  await using _gateway = all.gateway;
  const { near, far, ssh, gateway } = all;
  const FAKE_SSH_FAR = JSON.stringify(far.command([]));
  const env = { ...ssh.env(), FAKE_SSH_FAR, FAKE_SSH_FAR_STATE: far.stateDir };

  const silent = await near.run(["connect", "--ssh", "ann@far.example"], { env });
  const connected = await near.run(["connect", "--ssh", "ann@far.example", "--yes"], { env });
  const byName = await near.run(["health", "--gateway", "far"], { env });
  const byHost = await near.run(["health", "--ssh", "ann@far.example"], { env });

  assert.deepEqual(
    [silent.code, silent.stderr],
    [2, "Pass --yes to get a one-time code from there over ssh, or --token.\n"],
  );
  assert.equal(connected.code, 0, connected.stderr);
  assert.match(connected.stdout, /^far is moltbot \S+ at ws:\/\/127\.0\.0\.1:\d+ through ann@far\.example\./);
  assert.deepEqual([byName.code, byHost.code], [0, 0], byName.stderr + byHost.stderr);
  const kept = readdirSync(near.stateDir, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  const texts = kept.map(({ parentPath, name }) => readFileSync(join(parentPath, name), "utf8"));
  assert.ok(texts.length > 0 && texts.every((text) => !text.includes(gateway.token)));
  close(all);
});

test("an ssh that fails is told with its last words and the fix", async () => {
  const all = await stage();
  await using _gateway = all.gateway;
  const { near, ssh } = all;

  const env = ssh.env({ fails: "ann@far: Permission denied (publickey)." });
  const refused = await near.run(["health", "--ssh", "ann@far"], { env });
  const none = await near.run(["health", "--ssh", "ann@far"], { env: { PATH: "/nonexistent" } });

  assert.deepEqual(
    [refused.code, refused.stderr],
    [
      3,
      "ssh to ann@far ended with code 255: ann@far: Permission denied (publickey). Give a key that the host knows, with --ssh-identity or in your ssh config; test it with: ssh ann@far.\n",
    ],
  );
  assert.deepEqual([none.code, none.stderr], [3, "This machine has no ssh on its PATH; install an OpenSSH client.\n"]);
  close(all);
});

test("a connection that the far machine does not let through is told with its reason and the fix", async () => {
  const all = await stage();
  await using _gateway = all.gateway;
  const { near, ssh } = all;
  const health = (denies: string) => near.run(["health", "--ssh", "far:22"], { env: ssh.env({ denies }) });

  const forbidden = await health("administratively prohibited: open failed");
  const nobody = await health("connect failed: Connection refused");

  const told = "ssh to far:22 could not pass a connection on: channel 2: open failed:";
  assert.deepEqual(
    [forbidden.code, forbidden.stderr, nobody.code, nobody.stderr],
    [
      ...[
        3,
        `${told} administratively prohibited: open failed. The host's sshd forbids tunnels; set AllowTcpForwarding yes there.\n`,
      ],
      ...[
        3,
        `${told} connect failed: Connection refused. Start the gateway there, or say where it listens with --url ws://127.0.0.1:PORT.\n`,
      ],
    ],
  );
  close(all);
});

test("dashboard --ssh prints a link to WebChat that works until it is ended, and takes the tunnel along", async () => {
  const all = await stage();
  await using _gateway = all.gateway;
  const { near, ssh, gateway } = all;
  const url = `ws://127.0.0.1:${portOf(gateway)}`;

  const child = near.spawn(["dashboard", "--ssh", "far", "--url", url, "--token", gateway.token], ssh.env());
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const link = new URL((await lines.next()).value ?? "");
  const page = await fetch(new URL("/", link));
  const inTunnel = await near.run(["health", "--url", `ws://${link.host}`, "--token", gateway.token]);
  child.kill("SIGTERM");
  const [code] = await once(child, "close");

  assert.deepEqual([page.status, inTunnel.code, code], [200, 0, 0], inTunnel.stderr);
  assert.match(await page.text(), /<html/);
  assert.deepEqual([link.hash, link.port === portOf(gateway)], [`#token=${gateway.token}`, false]);
  assert.equal(isAlive(ssh.runs[0]!.pid), false);
  await assert.rejects(fetch(new URL("/", link)));
  close(all);
});

test("a dashboard whose tunnel breaks says so and ends", async () => {
  const all = await stage();
  await using _gateway = all.gateway;
  const { near, ssh, gateway } = all;
  const url = `ws://127.0.0.1:${portOf(gateway)}`;

  const child = near.spawn(["dashboard", "--ssh", "far", "--url", url, "--token", gateway.token], ssh.env());
  const said: string[] = [];
  child.stderr?.setEncoding("utf8").on("data", (chunk) => said.push(chunk));
  await createInterface({ input: child.stdout! })[Symbol.asyncIterator]().next();
  const closed = once(child, "close");
  process.kill(ssh.runs[0]!.pid, "SIGKILL");
  const [code] = await closed;

  assert.equal(code, 3);
  assert.match(said.join(""), /The ssh to far was ended by SIGKILL; run the command again\.\n$/);
  close(all);
});

test("a tunnel that is killed in the middle of a command is named as the reason", async () => {
  const all = await stage();
  await using _gateway = all.gateway;
  const { near, ssh, gateway } = all;
  const url = `ws://127.0.0.1:${portOf(gateway)}`;

  const wait = [
    "gateway",
    "call",
    "agent.wait",
    "--params",
    '{"runId":"none","timeoutMs":60000}',
    "--timeout",
    "60000",
  ];
  const child = near.spawn([...wait, "--ssh", "far", "--url", url, "--token", gateway.token], ssh.env());
  const said: string[] = [];
  child.stderr?.setEncoding("utf8").on("data", (chunk) => said.push(chunk));
  while (ssh.connections < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  process.kill(ssh.runs[0]!.pid, "SIGKILL");
  const [code] = await once(child, "close");

  assert.deepEqual([code, said.join("")], [3, "The ssh to far was ended by SIGKILL; run the command again.\n"]);
  close(all);
});

test("a target that ssh would take for an option, or that is no machine, is refused before ssh runs", async () => {
  using near = new Home();
  using ssh = new FakeSsh();

  const targets = [
    "-oProxyCommand=touch x",
    "ann@-oX",
    "ann@far example",
    "ann@far;id",
    "ann@far:0",
    "ann@far:99999",
    "",
  ];
  const codes = [];
  for (const target of targets) codes.push((await near.run(["health", `--ssh=${target}`], { env: ssh.env() })).code);
  const identity = await near.run(["health", "--ssh", "far", "--ssh-identity=-x"], { env: ssh.env() });

  assert.deepEqual([...codes, identity.code], [2, 2, 2, 2, 2, 2, 2, 2]);
  assert.deepEqual(ssh.runs, []);
});

test("remote mode goes through the machine that the settings name", async () => {
  const all = await stage();
  await using _gateway = all.gateway;
  const { near, ssh, gateway } = all;
  const remote = { sshTarget: "ann@far", url: `ws://127.0.0.1:${portOf(gateway)}`, token: gateway.token };
  await near.run(["config", "set", "gateway.remote", JSON.stringify(remote)]);
  await near.run(["config", "set", "gateway.mode", "remote"]);

  const { code, stderr } = await near.run(["health"], { env: ssh.env() });

  assert.deepEqual([code, stderr, ssh.runs.length], [0, "", 1]);
  close(all);
});

test("commands that work on this machine only refuse --ssh and --gateway", async () => {
  using near = new Home();

  const stop = await near.run(["gateway", "stop", "--ssh", "far"]);
  const run = await near.run(["gateway", "--gateway", "far"]);

  assert.deepEqual(
    [stop.stderr, run.stderr],
    [
      "`moltbot gateway stop` works on this machine only; run it over there, without --ssh.\n",
      "`moltbot gateway` works on this machine only; run it over there, without --gateway.\n",
    ],
  );
});
