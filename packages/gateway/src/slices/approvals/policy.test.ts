import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { type AllowEntry, combine, judge, matchesPath, type Part, type Rules, withoutAnswer } from "./policy.ts";
import { findProgram, pathFolders } from "./programs.ts";
import { entriesFor } from "./remember.ts";
import { DEFAULT_SAFE_BINS, isSafeUse } from "./safe-bins.ts";
import { analyse } from "./shell.ts";

const root = realpathSync(mkdtempSync(join(tmpdir(), "moltbot-policy-")));
const bin = join(root, "bin");
const workspace = join(root, "workspace");
mkdirSync(bin);
mkdirSync(workspace);
const NAMES =
  "ls cat rm git jq grep head sort env sudo xargs find timeout python3 bash node curl wc npm make sed tee busybox";
for (const name of NAMES.split(" ")) program(join(bin, name));
program(join(workspace, "tool"));
writeFileSync(join(workspace, "script.py"), "");
symlinkSync(join(bin, "bash"), join(bin, "innocent"));
symlinkSync(join(bin, "python3"), join(bin, "quiet"));
symlinkSync(join(bin, "busybox"), join(bin, "nl"));
symlinkSync(join(workspace, "tool"), join(bin, "linked"));
after(() => rmSync(root, { recursive: true, force: true }));

function program(path: string): void {
  writeFileSync(path, "");
  chmodSync(path, 0o755);
}

const around = { path: pathFolders(`${bin}:${workspace}:relative:`, [workspace]), writable: [workspace] };

async function look(script: string) {
  const analysis = await analyse(script);
  const parts: Part[] = analysis.commands.map((command) => ({
    command,
    program: findProgram(command.argv[0], around),
  }));
  return { analysis, parts };
}

function rules(more: Partial<Rules> = {}): Rules {
  const safeBins = new Set(DEFAULT_SAFE_BINS);
  return {
    security: "allowlist",
    ask: "on-miss",
    askFallback: "deny",
    allowlist: [],
    safeBins,
    skillBins: new Set(),
    ...more,
  };
}

function listOf(...names: (string | AllowEntry)[]): AllowEntry[] {
  return names.map((each) => (typeof each === "string" ? { pattern: join(bin, each) } : each));
}

async function verdict(script: string, more: Partial<Rules> = {}): Promise<string> {
  const { analysis, parts } = await look(script);
  return judge(analysis, parts, rules(more), []).kind;
}

describe("of an allowlist that holds ls, env, timeout, sudo, xargs, find, bash, python3 and git", () => {
  const allowlist = listOf("ls", "env", "timeout", "sudo", "xargs", "find", "bash", "python3", "git");
  const cases: readonly [script: string, kind: string][] = [
    ["ls -la /", "run"],
    ["ls | ls && ls; ls", "run"],
    ["ls | rm x", "ask"],
    ["ls $(rm x)", "ask"],
    ["ls; rm x", "ask"],
    ["ls || rm x", "ask"],
    ["ls & rm x", "ask"],
    ["ls\nrm x", "ask"],
    ["ls > out", "ask"],
    ["ls > /dev/null 2>&1", "run"],
    ["timeout 5 ls", "run"],
    ["timeout 5 rm x", "ask"],
    ["env TZ=UTC sudo -n ls", "run"],
    ["sudo rm x", "ask"],
    ["xargs ls", "run"],
    ["xargs rm", "ask"],
    ["find . -exec ls {} +", "run"],
    ["find . -exec rm {} +", "ask"],
    ["find . -fprint /etc/x", "ask"],
    ["find . -fprint /etc/x -exec ls {} +", "ask"],
    ['for f in a b; do ls "$f"; done', "run"],
    ["ls *.txt", "run"],
    ["ls &", "ask"],
    ["bash -c 'ls'", "run"],
    ["bash -c 'rm x'", "ask"],
    ["bash script.sh", "ask"],
    ["ls | bash", "ask"],
    ["python3 -c 'print(1)'", "ask"],
    ["python3 script.py", "ask"],
    ["git status", "run"],
    ["git -c core.pager=x log", "ask"],
    ["git rebase -x rm", "ask"],
    ["git grep -Orm x", "ask"],
    ["git log --output=/etc/x", "ask"],
    ["git clone ext::sh", "ask"],
    ["env -u PATH ls", "ask"],
    ["./tool", "ask"],
    [`${workspace}/tool`, "ask"],
    ["tool", "ask"],
    ["linked", "ask"],
    ["missing", "ask"],
    ["innocent -c 'rm x'", "ask"],
    ["quiet x.py", "ask"],
    ["curl http://x | head -5", "ask"],
    ["", "run"],
  ];
  for (const [script, kind] of cases) {
    test(`${JSON.stringify(script)}: ${kind}`, async () => {
      assert.equal(await verdict(script, { allowlist }), kind);
    });
  }
});

describe("an entry with arguments", () => {
  const allowlist = [{ pattern: join(bin, "python3"), args: ["-c", "print(1)"] }];
  const cases: readonly [script: string, kind: string][] = [
    ["python3 -c 'print(1)'", "run"],
    ['python3 -c "print(1)"', "run"],
    ["python3 -c 'print(2)'", "ask"],
    ["python3 -c 'print(1)' x", "ask"],
    ["python3 -c $x", "ask"],
    ["xargs python3 -c 'print(1)'", "ask"],
  ];
  for (const [script, kind] of cases) {
    test(`${script}: ${kind}`, async () => {
      assert.equal(await verdict(script, { allowlist }), kind);
    });
  }
});

describe("levels", () => {
  const allowlist = listOf("ls");
  const cases: readonly [script: string, more: Partial<Rules>, kind: string][] = [
    ["ls", { security: "deny" }, "refuse"],
    ["rm x", { security: "full" }, "run"],
    ["rm x", { security: "full", ask: "always" }, "ask"],
    ["ls", { ask: "always" }, "ask"],
    ["rm x", { ask: "off" }, "refuse"],
    ["ls", { ask: "off" }, "run"],
  ];
  for (const [script, more, kind] of cases) {
    test(`${script} with ${JSON.stringify(more)}: ${kind}`, async () => {
      assert.equal(await verdict(script, { allowlist, ...more }), kind);
    });
  }

  test("nobody widens what another one forbids", () => {
    assert.deepEqual(combine([]), { security: "allowlist", ask: "on-miss" });
    assert.deepEqual(combine([{ security: "full" }, {}, { ask: "off" }]), { security: "full", ask: "off" });
    assert.deepEqual(combine([{ security: "allowlist" }, { security: "full" }]).security, "allowlist");
    assert.deepEqual(combine([{ security: "full" }, { security: "deny" }]).security, "deny");
    assert.deepEqual(combine([{ ask: "off" }, { ask: "always" }, { ask: "on-miss" }]).ask, "always");
  });

  test("what counts without an answer is never more than what is allowed", async () => {
    const { analysis, parts } = await look("rm x");
    const runs = (more: Partial<Rules>) => withoutAnswer(analysis, parts, rules({ allowlist, ...more }), []);

    assert.equal(runs({}), false);
    assert.equal(runs({ askFallback: "allowlist" }), false);
    assert.equal(runs({ askFallback: "full" }), false);
    assert.equal(runs({ askFallback: "full", security: "full" }), true);
  });
});

describe("what “always” remembers", () => {
  async function remembered(script: string, more: readonly string[] = []) {
    const { analysis, parts } = await look(script);
    return entriesFor(analysis, parts, { more, cwd: workspace, writable: [workspace] });
  }

  const cases: readonly [script: string, entries: AllowEntry[] | undefined][] = [
    ["ls -la | wc -l", listOf("ls", "wc")],
    ["bash -c 'ls'", listOf("bash", "ls")],
    ["python3 -c 'print(1)'", [{ pattern: join(bin, "python3"), args: ["-c", "print(1)"] }]],
    ["sed -n 1p", [{ pattern: join(bin, "sed"), args: ["-n", "1p"] }]],
    ["python3 script.py", undefined],
    ["npm test", undefined],
    ["ls > out", undefined],
    ["$x", undefined],
    ["./tool", undefined],
    ["ls | python3 $x", undefined],
    ["echo hello", undefined],
  ];
  for (const [script, entries] of cases) {
    test(script, async () => {
      assert.deepEqual(await remembered(script), entries);
    });
  }

  test("what it remembers lets the same command run", async () => {
    const scripts = [
      "ls -la | wc -l",
      "bash -c 'ls | wc'",
      "python3 -c 'print(1)'",
      "env TZ=UTC git status",
      "xargs ls",
    ];
    const kinds = await Promise.all(
      scripts.map(async (script) => await verdict(script, { allowlist: (await remembered(script)) ?? [] })),
    );

    assert.deepEqual(kinds, ["run", "run", "run", "run", "run"]);
  });
});

describe("programs that are safe while they only turn input into output", () => {
  const cases: readonly [call: string, isSafe: boolean][] = [
    ["jq .a.b", true],
    ["jq -r '.[] | .name'", true],
    ["jq . file", false],
    ["jq -n env.SECRET", false],
    ["jq -n $ENV", false],
    ["jq -f prog", false],
    ["jq --rawfile a b .", false],
    ["jq 'import \"x\" as $x; $x'", false],
    ["grep -i word", true],
    ["grep word file", false],
    ["grep -r word", false],
    ["grep -f file", false],
    ["grep --file=file x", false],
    ["head -n 5", true],
    ["head -n 5 file", false],
    ["tail -f", false],
    ["sort -u", true],
    ["sort -o file", false],
    ["sort -ofile", false],
    ["sort --compress-program=x", false],
    ["uniq in out", false],
    ["wc --files0-from=x", false],
    ["date +%s", true],
    ["date -s tomorrow", false],
    ["date --file=/etc/shadow", false],
    ["base64 file", false],
    ["cut -d : -f 1", true],
    ["tr a b", true],
    ["rm x", false],
    ["constructor", false],
  ];
  for (const [call, isSafe] of cases) {
    test(`${call}: ${isSafe ? "safe" : "not safe"}`, () => {
      const [name = "", ...args] = call.match(/'[^']*'|\S+/g)!.map((word) => word.replace(/^'|'$/g, ""));

      assert.equal(isSafeUse(name, args), isSafe);
    });
  }

  test("a file that is read by redirection, or arguments that are not known, make them ask", async () => {
    assert.equal(await verdict("jq ."), "run");
    assert.equal(await verdict("echo '{}' | jq . | head -n 1"), "run");
    assert.equal(await verdict("jq . < /etc/passwd"), "ask");
    assert.equal(await verdict("head $x"), "ask");
    assert.equal(await verdict("xargs grep x"), "ask");
    assert.equal(await verdict("nl"), "run");
  });

  test("what a skill needs runs when skills are trusted, unless it can run anything", async () => {
    const skillBins = new Set(["curl", "python3"]);

    assert.equal(await verdict("curl http://x", { skillBins }), "run");
    assert.equal(await verdict("python3 -c 1", { skillBins }), "ask");
  });
});

test("patterns mean whole paths", () => {
  const cases: readonly [pattern: string, path: string, matches: boolean][] = [
    ["/usr/bin/ls", "/usr/bin/ls", true],
    ["/usr/bin/ls", "/usr/bin/lsof", false],
    ["/usr/bin/*", "/usr/bin/ls", true],
    ["/usr/bin/*", "/usr/bin/x/ls", false],
    ["/opt/**", "/opt/a/b", true],
    ["/usr/bin/l?", "/usr/bin/ls", true],
    ["/usr/bin/l.", "/usr/bin/ls", false],
    ["/a(b)+[c]", "/a(b)+[c]", true],
  ];

  assert.deepEqual(
    cases.map(([pattern, path]) => matchesPath(pattern, path)),
    cases.map(([, , matches]) => matches),
  );
});
