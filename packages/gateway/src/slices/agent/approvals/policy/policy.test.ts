// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are shell scripts
import assert from "node:assert/strict";
import { appendFileSync, linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, describe, test } from "node:test";
import { PolicyStage } from "../../../../../../../test/support/policy-stage.ts";
import { DEFAULT_SAFE_BINS, isFilter } from "./harmless.ts";
import { type AllowEntry, combine, judgeInput, matchesPath, type Rules, withoutAnswer } from "./policy.ts";

const stage = new PolicyStage(
  (
    "ls cat rm cp touch tee git jq grep head sort wc env sudo xargs find timeout python3 bash node curl npm make sed tr basename " +
    "busybox awk pkill flock taskset ld-linux-x86-64.so.2 setsid uniq"
  ).split(" "),
);
const { bin, workspace, outside, stateDir } = stage;
after(() => stage[Symbol.dispose]());

async function verdict(script: string, more: Partial<Rules> = {}): Promise<string> {
  return (await stage.judge(script, more)).kind;
}

function oldEntries(...names: string[]): AllowEntry[] {
  return names.map((name) => ({ pattern: join(bin, name) }));
}

describe("without anybody's word", () => {
  const cases: readonly [script: string, kind: string][] = [
    ["", "run"],
    ["echo a; printf '%s' b; cd /; pwd", "run"],
    ["tr a b", "run"],
    ["tr --anything=x -ofile /etc/shadow", "run"],
    ["echo a | tr a b | basename x", "run"],
    ['basename "$x"', "run"],
    ["basename $x", "ask"],
    ["basename $?", "run"],
    ["basename -a /home/*/.ssh/*", "ask"],
    ["basename -a $(echo '/srv/.*')", "ask"],
    ["basename -a {/srv/*,a}", "ask"],
    ["x='/srv/*'; basename -a $x", "ask"],
    ["dirname ~/.*", "ask"],
    ["dirname ~/x", "ask"],
    ["echo ~root", "ask"],
    ["cd /srv && basename -a .*", "ask"],
    ["cd /srv && basename -a *", "ask"],
    ["cd $x; basename -a *", "ask"],
    ["basename -a .*", "ask"],
    ["basename -a */*", "ask"],
    ["basename -a ../*", "ask"],
    ["basename -a leads-out/*", "ask"],
    ["tr a b | basename -a app/up/*", "ask"],
    ["basename -a n*", "run"],
    ["basename -a app/*.py", "run"],
    ["cd app && basename -a *.py", "run"],
    ["basename '/srv/*'", "run"],
    ["[ -f /srv/.ssh/id_rsa ]", "ask"],
    ["[ ! -e /srv/.ssh/id_rsa ] || echo no", "ask"],
    ["test -d /srv", "ask"],
    ["cd /srv/.ssh && echo yes", "ask"],
    ["cd / && cd srv && echo yes", "ask"],
    ["pushd /srv && echo yes", "ask"],
    ["command cd /srv; echo yes", "ask"],
    ['cd "$x" && echo yes', "ask"],
    ["cd ../.. && echo yes", "ask"],
    ["cd leads-out && echo yes", "ask"],
    ["cd app && echo yes", "run"],
    ["command -v /srv/.ssh/id_rsa", "ask"],
    ["command -V ../x && echo yes", "ask"],
    ['command -v "$x"', "ask"],
    ["command -v tr", "run"],
    ['test -d "$x"', "ask"],
    ["[ /srv/a -nt notes ]", "ask"],
    ["[ notes -ef /srv/a ]", "ask"],
    ["[[ -r /srv/.ssh/id_rsa ]]", "ask"],
    ["[[ a = b || ( ! -e /srv/x ) ]]", "ask"],
    ["[[ notes -ot /srv/x ]]", "ask"],
    ["command test -s /srv/x", "ask"],
    ["if [ -L leads-out/x ]; then echo a; fi", "ask"],
    ["[ -f notes ]", "run"],
    ["[ -f app/notes ] && echo yes", "run"],
    ["[[ -d app ]]", "run"],
    ["[ a = /srv/x ]", "run"],
    ["[ -n /srv/x ]", "run"],
    ["echo '{}' | jq . | head -n 1", "run"],
    ["jq .", "run"],
    ["jq . < /etc/passwd", "ask"],
    ["head $x", "ask"],
    ["xargs grep x", "ask"],
    ["xargs basename", "ask"],
    ["timeout 5 tr a b", "ask"],
    ["find . -exec basename {} +", "ask"],
    ["cat notes", "ask"],
    ["ls", "ask"],
    ["tr a b; rm x", "ask"],
    ["tr $(rm x)", "ask"],
    ["tr a b > out", "ask"],
    ["tr a b > /dev/null 2>&1", "run"],
    ["tr a b &", "ask"],
    [`${bin}/tr a b`, "run"],
    ["./tool", "ask"],
    ["tool", "ask"],
    ["missing", "ask"],
    ["linked", "ask"],
    ["LANG=C tr a b", "run"],
    ["LANGUAGE=../../x tr a b", "ask"],
    ["TZ=:/etc/shadow date", "ask"],
    ["LD_PRELOAD=x tr a b", "ask"],
    ["echo exec-approvals.json", "ask"],
    ["cd .. && echo hi", "ask"],
  ];
  for (const [script, kind] of cases) {
    test(`${JSON.stringify(script)}: ${kind}`, async () => {
      assert.equal(await verdict(script), kind);
    });
  }

  test("nothing runs by itself when the settings name no harmless programs", async () => {
    assert.equal(await verdict("tr a b", { safeBins: new Set() }), "ask");
  });

  test("a program of the same name that is not the system's is asked for", async () => {
    writeFileSync(join(outside, "tr"), "", { mode: 0o755 });

    assert.equal(await verdict(`${outside}/tr a b`), "ask");
  });

  test("a harmless name that leads to another program is asked for", async () => {
    for (const other of ["bash", "python3", "flock", "cp"]) {
      rmSync(join(bin, "whoami"), { force: true });
      symlinkSync(join(bin, other), join(bin, "whoami"));
      assert.equal(await verdict("whoami -c x"), "ask");
    }
  });
});

describe("an entry of the older kind, a program with any arguments", () => {
  const allowlist = oldEntries(
    ..."git cp flock taskset ld-linux-x86-64.so.2 xargs find env timeout sudo bash python3 sort setsid".split(" "),
    ..."ls cat tr".split(" "),
  );
  const cases: readonly [script: string, kind: string][] = [
    ["git status", "ask"],
    ["cp a b", "ask"],
    [`cp a ${stateDir}/exec-approvals.json`, "ask"],
    ["flock x tr a b", "ask"],
    ["taskset 1 tr a b", "ask"],
    ["ld-linux-x86-64.so.2 ./evil", "ask"],
    ["cd app && python3 run.py", "ask"],
    ["echo x | xargs git", "ask"],
    ["sort --compress-prog=sh", "ask"],
    ["sort --compress-program=sh", "ask"],
    ["sort -ob", "ask"],
    ["timeout 5 ls", "ask"],
    ["env ls", "ask"],
    ["setsid ls", "ask"],
    ["bash -c ls", "ask"],
    ["ls -la", "run"],
    ["ls -la | wc -l", "run"],
    ["cat notes", "run"],
    ["cd app && cat notes", "run"],
    ["ls /", "ask"],
    ["ls -I/etc", "ask"],
    ["cat /etc/shadow", "ask"],
    ["cat ../exec-approvals.json", "ask"],
    ["cat $x", "ask"],
    ["cat *", "ask"],
    ["cat ~/x", "ask"],
    ["cd / && cat etc/shadow", "ask"],
    ["cd app; cat notes", "ask"],
    ["xargs cat", "ask"],
    ["cat leads-out/shadow", "ask"],
  ];
  for (const [script, kind] of cases) {
    test(`${script}: ${kind}`, async () => {
      assert.equal(await verdict(script, { allowlist }), kind);
    });
  }

  test("says that it is wider than today's rule", async () => {
    const told = await stage.judge("git status", { allowlist });

    assert.deepEqual(told.kind === "ask" && told.why, [
      "git is on the allowlist with any arguments, which is wider than today's rule",
    ]);
  });

  test("with arguments, counts where commands start, without input and without code", async () => {
    const entry = (name: string, ...args: string[]) => [{ pattern: join(bin, name), args }];

    assert.equal(await verdict("sed -n 1p", { allowlist: entry("sed", "-n", "1p") }), "run");
    assert.equal(await verdict("cd app && sed -n 1p", { allowlist: entry("sed", "-n", "1p") }), "ask");
    assert.equal(await verdict("echo x | sed -n 1p", { allowlist: entry("sed", "-n", "1p") }), "ask");
    assert.equal(await verdict("sed -n 2p", { allowlist: entry("sed", "-n", "1p") }), "ask");
    assert.equal(await verdict("touch a", { allowlist: entry("cp", "a") }), "ask");
    assert.equal(await verdict("touch a", { allowlist: entry("touch", "a") }), "run");
    assert.equal(await verdict("npm test", { allowlist: entry("npm", "test") }), "ask");
    assert.equal(await verdict("python3 run.py", { allowlist: entry("python3", "run.py") }), "ask");
    assert.equal(await verdict("sort --compress-prog=sh", { allowlist: entry("sort", "--compress-prog=sh") }), "ask");
  });
});

describe("“always” keeps the exact command", () => {
  const kept = [
    "cp a b",
    "touch a",
    "touch a && cp a b",
    "ls -la | wc -l",
    "echo x | tee b",
    "cat <<E | tee b\nx\nE",
    "timeout 5 cp a b",
    "bash -c 'cp a b'",
    "env LANG=C sort notes",
    "cd app && touch a",
    "jq .a notes",
    "curl -s https://example.org/a",
    "rm -rf app/notes",
  ];
  for (const script of kept) {
    test(`${script}: it runs again, and nothing else does`, async () => {
      const allowlist = await stage.remember(script);

      assert.equal(await verdict(script, { allowlist }), "run");
      assert.equal(await verdict(`${script} x`, { allowlist }), "ask");
      assert.equal(await verdict(`touch y; ${script}`, { allowlist }), "ask");
      assert.equal(await verdict(`touch y | ${script}`, { allowlist }), "ask");
      assert.equal(await verdict(`cd app; ${script}`, { allowlist }), "ask");
      assert.equal((await stage.judge(script, { allowlist }, { cwd: join(workspace, "app") })).kind, "ask");
      assert.equal((await stage.judge(script, { allowlist }, { isBackground: true })).kind, "ask");
    });
  }

  const once = [
    ...["awk 'BEGIN{system(\"id\")}'", "pkill node", "cd /tmp && npm test", "cd /tmp && make", "timeout 5 npm test"],
    ...["git status", "npm test", "make", "python3 -c 'print(1)'", "python3 run.py", "cd app && python3 run.py"],
    ...["cp a $x", "cp a *", "cp a ~/b", "x=1; touch $x", "echo a | xargs touch", "find . -exec touch {} +"],
    ...["sort --compress-prog=sh notes", "sort --compress-program=sh notes", "sort -ob notes", "sort -S1 --comp=sh"],
    ...["flock x touch a", "taskset 1 touch a", "setsid touch a", "ld-linux-x86-64.so.2 ./tool", "sudo touch a"],
    ...[
      "echo 'touch a' | bash",
      "bash run.sh",
      "bash -c 'python3 run.py'",
      "timeout 5 make",
      "sed -n 1e",
      "sed e notes",
    ],
    ...[
      "cp --target-directory=app a",
      "cp --no-clob a b",
      "cp -t app a",
      "cp -l a b",
      "touch --date=x a",
      "touch -r a b",
    ],
    ...["touch a > b", "touch a &", "touch a\u3164", "PATH=/tmp touch a", "pushd app; touch a", "cd $x && touch a"],
    ...["./tool", "curl -K notes", "curl -o x https://example.org", "jq env notes", "jq -f run.py", "echo hi"],
    ...["cp a leads-out/b", "cat leads-out/shadow", "cp -r . /tmp/x", "rm -rf ..", "cp -r linked-folder b"],
    ...[`cp a ${stateDir}`, `cp -r ${stateDir}/.. b`, "cd .. && touch a", `git --git-dir=${outside} -C . status`],
  ];
  for (const script of once) {
    test(`${JSON.stringify(script)}: once only`, async () => {
      assert.deepEqual(await stage.remember(script), []);
    });
  }

  test("a program that can do no harm is kept with any arguments, and says so", async () => {
    const always = await stage.always("tr a b", { safeBins: new Set() });

    assert.deepEqual(always, { kind: "any-arguments", programs: [join(bin, "tr")] });
    const allowlist = await stage.remember("tr a b");
    assert.equal(await verdict("tr -d x | basename y", { allowlist, safeBins: new Set() }), "ask");
    assert.equal(await verdict("tr -d x", { allowlist, safeBins: new Set() }), "run");
  });

  test("a path that leads elsewhere than it did is asked for", async () => {
    const allowlist = await stage.remember("cp notes target");
    symlinkSync(join(stateDir, "exec-approvals.json"), join(workspace, "target"));
    assert.equal(await verdict("cp notes target", { allowlist }), "ask");
    rmSync(join(workspace, "target"));
    symlinkSync("/etc/hosts", join(workspace, "target"));
    assert.equal(await verdict("cp notes target", { allowlist }), "ask");
    rmSync(join(workspace, "target"));
    mkdirSync(join(workspace, "target"));
    symlinkSync("/etc/hosts", join(workspace, "target", "notes"));
    assert.equal(await verdict("cp notes target", { allowlist }), "ask");
  });
  afterEach(() => rmSync(join(workspace, "target"), { recursive: true, force: true }));
});

describe("code that the agent cannot change is kept with what stands in it", () => {
  const script = join(outside, "run.py");
  const command = `python3 ${script} x`;

  test("and asked for when that changes", async () => {
    writeFileSync(script, "one");
    const allowlist = await stage.remember(command);
    assert.equal(await verdict(command, { allowlist }), "run");
    appendFileSync(script, "two");

    assert.equal(await verdict(command, { allowlist }), "ask");
  });

  test("and asked for when anything in the agents' folders changes, from where it may take code", async () => {
    writeFileSync(script, "one");
    const allowlist = await stage.remember(command);
    writeFileSync(join(workspace, "Makefile"), "x");

    assert.equal(await verdict(command, { allowlist }), "ask");
  });

  test("never with input, with an option before it, or with a file of the agent's beside it", async () => {
    writeFileSync(script, "one");

    assert.deepEqual(await stage.remember(`echo x | ${command}`), []);
    assert.deepEqual(await stage.remember(`python3 -i ${script}`), []);
    assert.deepEqual(await stage.remember(`python3 ${script} run.py`), []);
    assert.deepEqual(await stage.remember(`bash ${script} --file=${workspace}`), []);
  });

  test("not when a remembered command changes it", async () => {
    writeFileSync(script, "one");
    const allowlist = [...(await stage.remember(command)), ...(await stage.remember(`cp notes ${script}`))];

    assert.equal(await verdict(command, { allowlist }), "ask");
  });

  test("a program of no system folder is code too", async () => {
    const tool = join(outside, "tool");
    writeFileSync(tool, "#!/bin/sh\necho one", { mode: 0o755 });
    const allowlist = await stage.remember(tool);
    assert.equal(await verdict(tool, { allowlist }), "run");
    appendFileSync(tool, "; echo two");

    assert.equal(await verdict(tool, { allowlist }), "ask");
  });

  test("a folder of the agent's that looks like a repository changes nothing about git", async () => {
    const allowlist = [...(await stage.remember("git status")), ...oldEntries("git")];
    for (const name of ["HEAD", "config"]) writeFileSync(join(workspace, name), "");
    for (const name of ["objects", "refs"]) mkdirSync(join(workspace, name));

    assert.equal(await verdict("git status", { allowlist }), "ask");
  });
});

describe("what is the gateway's own is asked for, whatever is allowed", () => {
  const names = [
    `cat ${stateDir}/exec-approvals.json`,
    `cat ${stateDir}/state.db`,
    "cat ../state.db",
    "cat ./../state.db",
    "cd ..; cat state.db",
    "cd ..",
    "cd app; cd ../..; cat sta*.db",
    "cat ~/state/state.db",
    "cat $HOME/state/state.db",
    'cat "${HOME}/state/state.db"',
    "cat $PWD/../state.db",
    "d=..; cat $d/state.db",
    "for f in ../state.db; do cat $f; done",
    "cat ../st*.db",
    "cat ../stat?.db",
    "cat ../st[a-z]te.db",
    "cat ../{state,x}.db",
    "cat ../*",
    `tar -C${stateDir} -cf x .`,
    "tar --directory=.. -cf x state.db",
    "dd if=../state.db",
    "cat to-state/state.db",
    "cat app/up/state.db",
    "cp x ../exec-app''rovals.json",
    "python3 -c 'open(\"exec-approvals.json\")'",
    "echo x > ../state.db",
    "bash -c 'cd ..; cat state.db'",
    "cat hard-link",
    "cat ../STATE.DB",
    "cat /proc/1/environ",
    "cat /proc/$PPID/environ",
    "cat ../moltbot.json.bak",
  ];
  for (const script of names) {
    test(script, async () => {
      assert.equal(await verdict(script, { security: "full" }), "ask");
      assert.equal(await verdict(script, { security: "full", ask: "off" }), "refuse");
      assert.deepEqual(await stage.remember(script), []);
    });
  }

  const others = [
    "cat notes",
    "ls /",
    "cd / && ls",
    "cat app/../notes",
    `cat ${workspace}/notes`,
    "cat $x",
    "for i in 1 2; do echo $i; done",
    "cat < /dev/stdin 2> /dev/null",
    "echo state.db",
    "find / -name x",
  ];
  for (const script of others) {
    test(`${script} is not that`, async () => {
      assert.equal(await verdict(script, { security: "full" }), "run");
    });
  }

  test("also when nobody answers", async () => {
    const looked = await stage.look("cat ../state.db");

    assert.equal(withoutAnswer(looked, stage.rules({ security: "full", askFallback: "full" })), false);
  });

  test("a rule for it is no rule", async () => {
    writeFileSync(join(workspace, "plain"), "");
    const [entry] = await stage.remember("cp notes plain");
    rmSync(join(workspace, "plain"));
    linkSync(join(stateDir, "exec-approvals.json"), join(workspace, "plain"));

    assert.equal(await verdict("cp notes plain", { allowlist: [entry!] }), "ask");
  });
});

describe("however a command is written, it is judged at once", () => {
  const LONG = 19_900;
  const fill = (piece: string, chars = LONG) => piece.repeat(Math.floor(chars / piece.length));
  const json = JSON.stringify(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`key${i}`, `value ${i}`])));
  const shapes: readonly [name: string, script: string][] = [
    ["plain JSON", `echo '${json}'`],
    ["commas in braces", `echo '{${fill(",", 19_000)}'`],
    ["commas in closed braces", `echo {${fill(",", 19_000)}}`],
    ["equals signs", `cat ${fill("=", 6_000)}`],
    ["steps", `cat ${fill("a/", 4_000)}`],
    ["steps that are there", `cat ${fill("./", 4_000)}`],
    ["steps up and down", `cat ${fill("app/../", 4_000)}notes`],
    ["sets that do not end", `cat ${fill("[a")}`],
    ["variables that do not end", `cat "${fill("${a")}"`],
    ["one long variable", `cat "\${${fill("a")}"`],
    [
      "values that double",
      `a=aaaaaaaa; ${"bcdefghijklmnopqrstuvwxyz".replace(/./g, (c) => `${c}=$${String.fromCharCode(c.charCodeAt(0) - 1)}$${String.fromCharCode(c.charCodeAt(0) - 1)}; `)}cat $z`,
    ],
    ["groups that multiply", `cat ${fill("{a,b}", 300)}/{c,d}`],
    ["folders", fill("cd app; ")],
    ["many words", `cat ${fill("b/c ")}`],
    ["many words with many pieces", `cat ${fill(`${fill("a,", 150)} `)}`],
    ["patterns in every step", "cat /*/*/*/*/*/*"],
    ["a pattern of many stars", `cat /usr/bin/${fill("*a", 200)}b`],
    ...[
      "{",
      "}",
      "{a,",
      ",}",
      "(",
      "=/",
      "../",
      "a:",
      "'a'",
      "$a",
      "*",
      "?",
      "[",
      "~",
      "~/",
      "a ",
      "\\a",
      "$(a) ",
      "`a` ",
      "${a:-",
      "{{,}",
      "[ -f a ]; ",
    ].flatMap((piece): [string, string][] => [
      [`${piece} over and over`, `echo ${fill(piece)}`],
      [`${piece} in quotes`, `cat '${fill(piece.replaceAll("'", ""))}'`],
    ]),
  ];
  for (const [name, script] of shapes) {
    test(name, async () => {
      assert.ok(script.length <= 20_000);
      const started = process.cpuUsage();
      const looked = await stage.look(script, {}, []);
      looked.always();
      for (const part of looked.parts) looked.staysInside(part);
      const { user, system } = process.cpuUsage(started);
      const ms = (user + system) / 1_000;

      assert.ok(ms < 1_000, `it took ${ms} ms of the processor`);
    });
  }

  test("and asked for when it names more places than can be looked at, whatever is allowed", async () => {
    for (const script of [
      `cat ${fill("a,", 400)},../state.db`,
      `cat {${fill("a,", 400)}../state.db}`,
      `cat '{${fill("a,", 400)}../state.db}'`,
      `cat app/${fill("../app/", 1_400)}../../state.db`,
      `${[..."abcdefghijklmnopqrstuvwxyz0123456789"].map((name) => `cd ${name}; `).join("")}cd ..; cat state.db`,
      `cat ..${fill("/", 300)}/state.db`,
      `cat ${fill("*", 5_000)}/../../state.db`,
      `cat app/..${fill("$a", 5_000)}/../state.db`,
      "cat app/.*/../state.db",
    ])
      assert.equal(await verdict(script, { security: "full" }), "ask", script.slice(0, 60));
  });

  test("but a long sentence, a program of jq and a small table are not too much", async () => {
    for (const script of [
      `echo "${fill("a sentence of words, ", 400)}"`,
      "jq '.[] | select(.name == \"a\" and (.size > 3)) | [.name, .size, .kind] | .[0]'",
      `printf '%s' '{"a": 1, "b": [1, 2, 3], "c": {"d": "e, f", "g": null}, "h": "a@b.example; c=d"}'`,
    ])
      assert.equal(await verdict(script), "run", script);
  });
});

describe("levels", () => {
  const allowlist = oldEntries("ls");
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
    const looked = await stage.look("rm x");
    const runs = (more: Partial<Rules>) => withoutAnswer(looked, stage.rules({ allowlist, ...more }));

    assert.equal(runs({}), false);
    assert.equal(runs({ askFallback: "allowlist" }), false);
    assert.equal(runs({ askFallback: "full" }), false);
    assert.equal(runs({ askFallback: "full", security: "full" }), true);
  });

  test("input for a program that runs is asked for as a command is", () => {
    const kinds = (more: Partial<Rules>, own?: string) => judgeInput(own, false, stage.rules(more)).kind;

    assert.equal(kinds({}), "ask");
    assert.equal(kinds({ ask: "off" }), "refuse");
    assert.equal(kinds({ security: "deny" }), "refuse");
    assert.equal(kinds({ security: "full" }), "run");
    assert.equal(kinds({ security: "full", ask: "always" }), "ask");
    assert.equal(kinds({ security: "full" }, "it names the gateway's own state"), "ask");
    assert.equal(kinds({ allowlist: oldEntries("bash", "cat") }), "ask");
  });

  test("where commands are off, nothing runs without an answer either, not even what is harmless", async () => {
    const looked = await stage.look("tr a b");
    const runs = (more: Partial<Rules>) => withoutAnswer(looked, stage.rules(more));

    assert.equal(runs({ askFallback: "allowlist" }), true);
    assert.equal(runs({ security: "deny", askFallback: "full" }), false);
    assert.equal(runs({ security: "full", askFallback: "deny" }), false);
  });

  test("input is asked for with its reasons: what it is, what it names, and what it hides", () => {
    const why = (more: Partial<Rules>, own?: string, isHidden = false) => {
      const told = judgeInput(own, isHidden, stage.rules(more));
      return told.kind === "ask" ? told.why : [told.kind];
    };
    const own = "it names the gateway's own state";
    const asMuch = "what is written to a program can be as much as a command";

    assert.deepEqual(why({}, own, true), [
      own,
      asMuch,
      "it holds characters that cannot be seen, or are not what they seem",
    ]);
    assert.deepEqual(why({ ask: "always" }), [asMuch]);
    assert.deepEqual(why({ security: "full", ask: "always" }), ["every command is asked for"]);
    assert.deepEqual(why({ security: "full" }, own, true), [own]);
    assert.deepEqual(why({ security: "full" }, undefined, true), ["run"]);
  });

  test("who is asked reads why: once for each reason, or that every command is asked for", async () => {
    const skillBins = new Set(["python3"]);
    const why = async (script: string, more: Partial<Rules> = {}) => {
      const told = await stage.judge(script, { skillBins, ...more });
      return told.kind === "ask" ? told.why : [told.kind];
    };

    assert.deepEqual(await why("touch a; touch b"), ["touch is not on the allowlist"]);
    assert.deepEqual(await why("tr a b", { ask: "always" }), ["every command is asked for"]);
    assert.deepEqual(await why("touch a", { ask: "always" }), ["touch is not on the allowlist"]);
    assert.deepEqual(await why("python3 run.py"), [
      "python3 is a program of a skill, and it is not known all that this call does",
    ]);
    assert.deepEqual(await why("cat /srv/x", { allowlist: oldEntries("cat") }), [
      "this call of cat may read what the agent may not",
    ]);
    assert.deepEqual(await why("touch a", { allowlist: [{ pattern: join(bin, "touch"), args: ["b"] }] }), [
      "touch is not on the allowlist",
    ]);
    assert.match((await why("missing")).join("; "), /missing/);
  });

  test("what a skill needs runs when skills are trusted, as far as it is known what it does", async () => {
    const skillBins = new Set(["curl", "python3", "git", "cp", "cat", "flock"]);

    assert.equal(await verdict("curl -s https://example.org/x", { skillBins }), "run");
    assert.equal(await verdict("curl -o x https://example.org/x", { skillBins }), "ask");
    assert.equal(await verdict("python3 -c 1", { skillBins }), "ask");
    assert.equal(await verdict("git status", { skillBins }), "ask");
    assert.equal(await verdict("cp a b", { skillBins }), "ask");
    assert.equal(await verdict("cat /etc/shadow", { skillBins }), "ask");
    assert.equal(await verdict("flock x ls", { skillBins }), "ask");
  });
});

describe("programs that are safe while they only turn input into output", () => {
  const cases: readonly [call: string, isSafe: boolean][] = [
    ["jq .a.b", true],
    ["jq -r '.[] | .name'", true],
    ["jq 'map(select(.a == \"env\")) | @csv'", true],
    ["jq 'to_entries | sort_by(.key) | .[0] as $first | $first.value'", true],
    ["jq . file", false],
    ["jq -n env.SECRET", false],
    ["jq -n $ENV", false],
    ["jq -n '$__prog_args'", false],
    ["jq -n input_filename", false],
    ["jq -n '\"\\(env)\"'", false],
    ["jq -n '# \"\nenv'", false],
    ["jq -f prog", false],
    ["jq --rawfile a b .", false],
    ["jq 'import \"x\" as $x; $x'", false],
    ["jq 'include \"x\"; y'", false],
    ["grep -i word", true],
    ["grep word file", false],
    ["grep -r word", false],
    ["grep -f file", false],
    ["grep --file=file x", false],
    ["grep --fil=file x", false],
    ["grep -iffile x", false],
    ["head -n 5", true],
    ["head -n 5 file", false],
    ["tail -f", false],
    ["sort -u", true],
    ["sort -o file", false],
    ["sort -ofile", false],
    ["sort -uofile", false],
    ["sort --compress-program=x", false],
    ["sort --compress-prog=x", false],
    ["sort --co x", false],
    ["sort -T/tmp", false],
    ["sort --files0-from=x", false],
    ["uniq in out", false],
    ["wc --files0-from=x", false],
    ["wc --files0=x", false],
    ["date +%s", true],
    ["date -s tomorrow", false],
    ["date --file=/etc/shadow", false],
    ["date --fi=/etc/shadow", false],
    ["base64 file", false],
    ["cut -d : -f 1", true],
    ["rm x", false],
    ["constructor", false],
  ];
  for (const [call, isSafe] of cases) {
    test(`${JSON.stringify(call)}: ${isSafe ? "safe" : "not safe"}`, () => {
      const [name = "", ...args] = call.match(/'[^']*'|\S+/g)!.map((word) => word.replace(/^'|'$/g, ""));

      assert.equal(isFilter(name, args), isSafe);
    });
  }

  test("all of them are the default", () => {
    assert.ok(DEFAULT_SAFE_BINS.includes("jq") && DEFAULT_SAFE_BINS.includes("tr"));
    assert.ok(!DEFAULT_SAFE_BINS.some((name) => ["env", "find", "xargs", "awk", "sed", "printenv"].includes(name)));
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
