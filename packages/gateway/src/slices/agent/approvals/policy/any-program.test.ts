// Properties over the programs of a Debian machine and the options of their own help (test/fixtures/programs.txt, made by
// scripts/collect-programs.mjs): the names are not ours, so nothing here rests on a list of what is dangerous.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { PolicyStage } from "../../../../../../../test/support/policy-stage.ts";
import type { AllowEntry } from "./policy.ts";

const FIXTURE = join(import.meta.dirname, "../../../../../../../test/fixtures/programs.txt");
const PROGRAMS: ReadonlyMap<string, readonly string[]> = new Map(
  readFileSync(FIXTURE, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const [name = "", ...options] = line.split(" ");
      return [name, options] as const;
    }),
);

/** All programs that may run unasked. Extend this list only after reading the program's manual. */
const UNASKED = new Set(
  (
    "base64 basename cat cut date dirname echo expr factor false grep groups head id jq logname nl nproc printf pwd rev seq " +
    "sleep sort tac tail tr true tty uname uniq wc whoami"
  ).split(" "),
);
/** Programs that entries of the older kind still allow. */
const READERS = new Set("cat cmp comm cut fold head ls nl paste readlink realpath stat tac tail".split(" "));
/** Programs of which one call can be remembered in the agent's own folder. */
const KEPT = new Set([
  ...UNASKED,
  ...READERS,
  ...(
    "bash cp curl dash df diff du env free ionice md5sum mkdir mv nice ps realpath rm rmdir sed sh sha1sum sha256sum sha512sum " +
    "stdbuf tee time timeout touch uptime"
  ).split(" "),
]);

const names = [...PROGRAMS.keys()].filter((name) => /^[\w.+-]+$/.test(name) && !/^[-.]/.test(name));
const stage = new PolicyStage([...new Set([...names, "ld-linux-x86-64.so.2", "busybox"])]);
after(() => stage[Symbol.dispose]());
writeFileSync(join(stage.workspace, "canary"), "#!/bin/sh\ntouch ran\n", { mode: 0o755 });

/** A random generator with a seed, so that a failure can be run again. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return Math.floor((state / 4_294_967_296) * below);
  };
}

/** Spellings of one option with a value: separate, joined, with a sign, abbreviated, among others. */
function spelled(option: string, value: string, random: (below: number) => number): string {
  const bare = option.replace(/=$/, "");
  const isLong = bare.startsWith("--");
  const short = isLong ? bare.slice(0, 3 + random(Math.max(1, bare.length - 3))) : bare;
  return [
    ...[
      `${bare} ${value}`,
      `${bare}=${value}`,
      `${bare}${value}`,
      `${short}=${value}`,
      `${short} ${value}`,
      bare,
      short,
    ],
    ...(isLong ? [] : [`-n${bare.slice(1)}${value}`, `-r${bare.slice(1)} ${value}`]),
  ][random(isLong ? 7 : 9)]!;
}

const INNER = [
  ...["./canary", "sh ./canary", "sh -c ./canary", "touch out", "cp a ../exec-approvals.json", "cat /etc/shadow", "ls"],
  ...["python3 run.py", "git status", "make"],
];
const VALUES = ["./canary", "canary", "/etc/shadow", "../exec-approvals.json", "out", "sh", "1", "a", "app"];

/** A command in which one program may run another: behind an option, around it, through a pipe, from a list. */
function command(name: string, random: (below: number) => number): string {
  const options = PROGRAMS.get(name) ?? [];
  const option =
    options.length > 0 ? spelled(options[random(options.length)]!, VALUES[random(VALUES.length)]!, random) : "";
  const inner = INNER[random(INNER.length)]!;
  const value = VALUES[random(VALUES.length)]!;
  return [
    `${name} ${option}`,
    `${name} ${option} ${inner}`,
    `${name} ${option} ${value} ${inner}`,
    `${name} ${option} -- ${inner}`,
    `${name} ${value} ${value}`,
    `echo ./canary | ${name} ${option}`,
    `echo a | xargs ${name} ${option}`,
    `find . -exec ${name} ${option} {} ;`.replace(";", "\\;"),
    `cd app && ${name} ${option} ${value}`,
    `timeout 5 ${name} ${option} ${inner}`,
  ]
    [random(10)]!.replace(/\s+/g, " ")
    .trim();
}

const WIDE: readonly AllowEntry[] = [{ pattern: join(stage.bin, "*") }];

/** The programs that a command starts, as its text names them. */
async function startedBy(script: string): Promise<string[]> {
  return (await stage.look(script)).parts.map(({ command: { argv } }) => argv[0].split("/").at(-1)!);
}

test("nothing but the harmless runs unasked, also when every program is on the list in the older form", async () => {
  const random = generator(20_261_129);
  assert.ok(names.length > 900, "the fixture holds the programs of a whole machine");

  for (const name of names)
    for (let round = 0; round < 3; round++) {
      const script = command(name, random);
      const wide = (await stage.judge(script, { allowlist: WIDE })).kind;
      if (wide !== "run") continue;
      const started = await startedBy(script);
      const isPlain = started.every((each) => UNASKED.has(each) || READERS.has(each));
      assert.ok(isPlain, `${script} runs`);
      assert.doesNotMatch(script, /approvals|xargs|-exec|timeout/, script);
      if (started.some((each) => READERS.has(each))) assert.doesNotMatch(script, /shadow/, script);
    }
});

test("what is kept runs again as it was and in no other way, and starts nothing that it does not name", async () => {
  const random = generator(7);
  const kept = new Map<string, readonly AllowEntry[]>();
  for (const name of names)
    for (let round = 0; round < (KEPT.has(name) ? 12 : 1); round++) {
      const script = command(name, random);
      const entries = await stage.remember(script);
      if (entries.length === 0) continue;
      const started = await startedBy(script);
      assert.ok(
        started.every((each) => KEPT.has(each)),
        `${script} is kept`,
      );
      kept.set(script, entries);
    }
  const allowlist = [...kept.values()].flat().filter(({ exact }) => exact !== undefined);
  const harmless = { allowlist, safeBins: new Set<string>() };

  assert.ok(allowlist.length > 20, `${allowlist.length} are kept`);
  for (const [script, entries] of kept) {
    if (entries.every(({ exact }) => exact === undefined)) continue;
    assert.equal((await stage.judge(script, harmless)).kind, "run", script);
    for (const other of [
      `${script} b`,
      `echo x | ${script}`,
      `${script}; touch z`,
      `cd app; ${script}`,
      `taskset 1 ${script}`,
    ])
      if (!kept.has(other)) assert.equal((await stage.judge(other, harmless)).kind, "ask", other);
    assert.equal((await stage.judge(script, harmless, { isBackground: true })).kind, "ask", script);
    assert.equal((await stage.judge(script, harmless, { cwd: join(stage.workspace, "app") })).kind, "ask", script);
  }
});

test("what runs unasked, and what is kept, has no effect but the one it names when it really runs", async () => {
  using real = new PolicyStage([], { isReal: true });
  const { workspace, outside } = real;
  writeFileSync(join(workspace, "canary"), "#!/bin/sh\ntouch ran\n", { mode: 0o755 });
  writeFileSync(join(outside, "secret"), "a-secret-of-the-owner\n");
  const values = ["./canary", join(outside, "secret"), "out"];
  const random = generator(42);
  const before = readdirSync(workspace);
  let runs = 0;

  for (const name of UNASKED)
    for (const option of ["", "", ...(PROGRAMS.get(name) ?? []).slice(0, 16)]) {
      const value = values[random(values.length)]!;
      const script = `${name} ${option === "" ? value : spelled(option, value, random)}`;
      if (name === "sleep" || (await real.judge(script)).kind !== "run") continue;
      runs++;
      const { stdout, stderr } = spawnSync("/bin/bash", ["--noprofile", "--norc", "-c", script], {
        ...{ cwd: workspace, env: { PATH: "/usr/bin:/bin", HOME: real.home }, encoding: "latin1" },
        ...{ timeout: 1_000, killSignal: "SIGKILL", stdio: ["ignore", "pipe", "pipe"], maxBuffer: 1_000_000 },
      });
      assert.doesNotMatch(`${stdout}${stderr}`, /a-secret-of-the-owner/, script);
      assert.deepEqual(readdirSync(workspace), before, script);
    }

  assert.ok(runs > 50, `${runs} ran`);
  for (const name of KEPT)
    for (const option of PROGRAMS.get(name) ?? []) {
      const script = `${name} ${spelled(option, "./canary", random)} notes`;
      if (name === "curl" || (await real.remember(script)).every(({ exact }) => exact === undefined)) continue;
      spawnSync("/bin/bash", ["--noprofile", "--norc", "-c", script], {
        ...{ cwd: workspace, env: { PATH: "/usr/bin:/bin", HOME: real.home }, stdio: "ignore" },
        ...{ timeout: 1_000, killSignal: "SIGKILL" },
      });
      assert.equal(existsSync(join(workspace, "ran")), false, script);
      writeFileSync(join(workspace, "canary"), "#!/bin/sh\ntouch ran\n", { mode: 0o755 });
      writeFileSync(join(workspace, "notes"), "");
    }
});
