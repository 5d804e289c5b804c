import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { plistText, programOfPlist } from "./launchd-plist.ts";
import { chooseNode } from "./node-path.ts";
import type { ServicePlan } from "./service.ts";
import { programOf, socketText, unitText } from "./systemd-unit.ts";
import { programOfScript, taskScript } from "./task-script.ts";

const plan: ServicePlan = {
  kind: "gateway",
  profile: "work",
  command: ["/usr/bin/true", "/opt/molt bot/100%/$HOME.mjs", "gateway", "run"],
  readyCommand: ["/usr/bin/true", "gateway", "ready"],
  env: { PATH: "/usr/bin:/bin", MOLTBOT_STATE_DIR: "/home/ann/my state" },
  logFile: "/home/ann/.moltbot/logs/gateway-service.log",
};

const UNIT = `[Unit]
Description=moltbot gateway (work)
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart="/usr/bin/true" "/opt/molt bot/100%%/$$HOME.mjs" "gateway" "run"
ExecStartPost="/usr/bin/true" "gateway" "ready"
ExecReload=kill -USR1 $MAINPID
Environment="PATH=/usr/bin:/bin"
Environment="MOLTBOT_STATE_DIR=/home/ann/my state"
Restart=always
RestartSec=2
RestartPreventExitStatus=78
TimeoutStartSec=90
TimeoutStopSec=20
KillMode=mixed
OOMPolicy=continue
UMask=0077

[Install]
WantedBy=default.target
`;

test("the unit of a user's gateway", () => {
  assert.equal(unitText(plan, "user"), UNIT);
});

test("the system's unit names the account, and a watched one speaks to systemd itself", () => {
  const text = unitText({ ...plan, user: "ann", watchdog: true }, "system");

  assert.match(text, /^Type=notify\nNotifyAccess=all\nWatchdogSec=90\nUser=ann\nWorkingDirectory=~\nExecStart=/m);
  assert.match(text, /^WantedBy=multi-user\.target$/m);
  assert.doesNotMatch(text, /ExecStartPost/);
});

const hasAnalyzer = spawnSync("systemd-analyze", ["--version"]).status === 0;

for (const scope of ["user", "system"] as const)
  for (const watchdog of [false, true])
    test(`systemd itself finds nothing wrong with a unit: ${scope}${watchdog ? ", watched" : ""}`, {
      skip: !hasAnalyzer,
    }, () => {
      const folder = mkdtempSync(join(tmpdir(), "moltbot-unit-"));
      const file = join(folder, "moltbot-gateway.service");
      const command = ["/usr/bin/true", "/opt/molt bot/100%/$HOME.mjs"];
      writeFileSync(file, unitText({ ...plan, command, watchdog, ...(scope === "system" && { user: "root" }) }, scope));

      const { status, stderr } = spawnSync("systemd-analyze", ["verify", `--${scope}`, "--man=no", file], {
        encoding: "utf8",
        env: { ...process.env, XDG_RUNTIME_DIR: folder },
      });
      rmSync(folder, { recursive: true });

      const complaints = stderr.split("\n").filter((line) => line.includes(file));
      assert.deepEqual([status, complaints], [0, []]);
    });

test("systemd itself finds nothing wrong with the unit of the socket", { skip: !hasAnalyzer }, () => {
  const folder = mkdtempSync(join(tmpdir(), "moltbot-unit-"));
  const of = { ...plan, profile: undefined, command: ["/usr/bin/true"], sockets: ["127.0.0.1:18789", "[::1]:18789"] };
  writeFileSync(join(folder, "moltbot-gateway.service"), unitText(of, "system"));
  const file = join(folder, "moltbot-gateway.socket");
  writeFileSync(file, socketText(of));

  const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", file], { encoding: "utf8" });
  rmSync(folder, { recursive: true });

  assert.deepEqual([status, stderr.split("\n").filter((line) => line.includes(folder))], [0, []]);
});

const WORD = fc.string({ minLength: 1, unit: "grapheme" }).filter((text) => !/[\p{Cc}"]/u.test(text));

test("whatever the words are, each file names the program that it was given", () => {
  fc.assert(
    fc.property(fc.array(WORD, { minLength: 1 }), (command) => {
      const of = { ...plan, command };

      assert.deepEqual(programOf(unitText(of, "user")), command);
      assert.deepEqual(programOfPlist(plistText(of)), command);
      assert.deepEqual(programOfScript(taskScript(of)), command);
    }),
  );
});

test("a line end in a path is refused in every file, since it would begin a line of its own", () => {
  const of = { ...plan, command: ["/usr/bin/node\nExecStartPre=/bin/evil"] };

  assert.throws(() => unitText(of, "user"), /control characters/);
  assert.throws(() => plistText(of), /control characters/);
  assert.throws(() => taskScript(of), /control characters/);
});

const nodes: readonly [name: string, execPath: string, there: readonly string[], expected: object][] = [
  ["a Node of the system is taken as it is", "/usr/bin/node", [], { path: "/usr/bin/node" }],
  [
    "instead of nvm's, the system's",
    "/home/ann/.nvm/versions/node/v24.1.0/bin/node",
    ["/usr/bin/node"],
    { path: "/usr/bin/node" },
  ],
  [
    "instead of fnm's version, its lasting link",
    "/home/ann/.local/share/fnm/node-versions/v24.1.0/installation/bin/node",
    ["/home/ann/.local/share/fnm/aliases/default/bin/node"],
    { path: "/home/ann/.local/share/fnm/aliases/default/bin/node" },
  ],
  [
    "instead of Homebrew's cellar, its link",
    "/opt/homebrew/Cellar/node/24.1.0/bin/node",
    ["/opt/homebrew/bin/node"],
    { path: "/opt/homebrew/bin/node" },
  ],
  [
    "nvm's where nothing lasts, and who may remove it",
    "/home/ann/.nvm/versions/node/v24.1.0/bin/node",
    [],
    { path: "/home/ann/.nvm/versions/node/v24.1.0/bin/node", manager: "nvm" },
  ],
];

for (const [name, execPath, there, expected] of nodes)
  test(`the Node of a service: ${name}`, () => {
    const look = { execPath, home: "/home/ann", majorOf: (path: string) => (there.includes(path) ? 24 : undefined) };

    assert.deepEqual(chooseNode(look), expected);
  });

test("an older Node of the system is not taken", () => {
  const execPath = "/home/ann/.nvm/versions/node/v24.1.0/bin/node";

  assert.equal(chooseNode({ execPath, home: "/home/ann", majorOf: () => 20 }).path, execPath);
});
