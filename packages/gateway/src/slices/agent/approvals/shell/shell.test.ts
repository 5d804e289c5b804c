// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are shell scripts
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { ignore } from "../../../../base/errors.ts";
import { analyse } from "./shell.ts";

/** The commands as one line each; `?` is an argument that is known only when it runs, `…` says that more come. */
async function commandsOf(script: string): Promise<string[]> {
  const { commands } = await analyse(script);
  return commands.map(({ argv, isOpenEnded }) => argv.map((arg) => arg ?? "?").join(" ") + (isOpenEnded ? " …" : ""));
}

describe("every command of a script is found", () => {
  const cases: readonly [script: string, commands: string[]][] = [
    ["ls -la 'a b' \"c\"d", ["ls -la a b cd"]],
    ["l\\s | gr''ep x", ["ls", "grep x"]],
    ["a && b || c; d & e\nf", ["a", "b", "c", "d", "e", "f"]],
    ["(a; { b; })", ["a", "b"]],
    ["if a; then b; elif c; then d; else e; fi", ["a", "b", "c", "d", "e"]],
    ["while a; do b; done; until c; do d; done", ["a", "b", "c", "d"]],
    ["for i in $(a) `b`; do c $i; done", ["a", "b", "c ?"]],
    ["case $x in $(a)) b;; *) c;; esac", ["a", "b", "c"]],
    ['a $(b "$(c)") <(d) > >(e)', ["b ?", "c", "d", "e", "a ? ?"].toSorted()],
    ['a ${x:-$(b)} "${y%$(c)}"', ["a ? ?", "b", "c"]],
    ['x=$(a) && [ -n "$x" ] && b', ["a", "b"]],
    ["cat <<E\n$(a)\nE", ["a", "cat"]],
    ["! time a", ["a"]],
    ["a < in > out", ["a"]],
    ['for i in 1 2 3; do a "$i"; done', ["a ?"]],
    ["LC_ALL=C a *.c ~/b $HOME", ["a ? ? ?"]],
    ["echo hello; true; printf '%s' x", []],
    ["cd /tmp && pwd", []],
    ["jobs; jobs -l; jobs -p; times; wait; hash; exit 1", []],
    ["cd -P /tmp; pushd /tmp; popd +1; dirs -v; type ls; type -a ls", []],
    ["printf '%-5s|%05.2f|%%|%d|%x %q %b\\n' a 1 2 3 4 5", []],
  ];
  for (const [script, expected] of cases) {
    test(script.replaceAll("\n", "⏎"), async () => {
      const found = await commandsOf(script);

      assert.deepEqual(found.toSorted(), expected.toSorted());
    });
  }
});

describe("programs that run another are looked through", () => {
  const cases: readonly [script: string, commands: string[]][] = [
    ["sudo -n a b", ["sudo -n a b", "a b"]],
    ["env LC_ALL=C a", ["env LC_ALL=C a", "a"]],
    [
      "nice -n 5 nohup timeout -k 1 10s a",
      ["nice -n 5 nohup timeout -k 1 10s a", "nohup timeout -k 1 10s a", "timeout -k 1 10s a", "a"],
    ],
    ["xargs -0 -n1 a b", ["xargs -0 -n1 a b", "a b …"]],
    ["find . -name '*.c' -exec a {} \\; -o -exec b +", ["find . -name *.c -exec a {} ; -o -exec b +", "a ? …", "b …"]],
    ["sh -c 'a | b'", ["sh -c a | b", "a", "b"]],
    ["bash -euo pipefail -c 'a $(b)'", ["bash -euo pipefail -c a $(b)", "a ?", "b"]],
    ["command a; exec b", ["a", "b"]],
    ["watch -n 1 'a | b'", ["watch -n 1 a | b", "a", "b"]],
    ["/usr/bin/env a", ["/usr/bin/env a", "a"]],
  ];
  for (const [script, expected] of cases) {
    test(script, async () => {
      const { unclear } = await analyse(script);

      assert.deepEqual((await commandsOf(script)).toSorted(), expected.toSorted());
      assert.deepEqual(unclear, []);
    });
  }
});

describe("what cannot be told from the text is said", () => {
  const scripts = [
    "$x a",
    "$(echo rm) -rf /",
    "`which rm` x",
    "r${x}m x",
    "~/bin/tool",
    "r* x",
    "{rm,-rf,/}",
    "eval a",
    "source a",
    ". ./a",
    "f() { a; }; f",
    "alias a=b",
    "coproc a",
    "$'\\x72m' x",
    "a $'\\x2dc'",
    'echo $"a"',
    "trap a EXIT",
    "set -a",
    "shopt -s expand_aliases",
    "export PATH=/tmp",
    "PATH=/tmp a",
    "PATH=/tmp",
    "LD_PRELOAD=/tmp/x.so a",
    "FOO=bar a",
    "env LD_PRELOAD=x a",
    "env -S 'a b'",
    "for PATH in /tmp; do a; done",
    "read PATH",
    "printf -v PATH x",
    "printf '1%n' PATH; tr a b",
    "printf '%5n' PATH",
    "printf %ln PATH",
    "printf '%*d' 999999999 1",
    "printf '%(%s)T' 1",
    "printf '\\x25n' PATH",
    "jobs -x a",
    "builtin jobs -x a",
    "command jobs -x a",
    "command builtin jobs -lx a",
    'jobs "$x"',
    "jobs a",
    "wait -p PATH",
    "hash -p a b",
    "type /srv/a",
    "times a",
    "exit x",
    'shift "$x"',
    "popd a",
    "dirs a",
    "cd -@ a",
    "pwd -x",
    "a > file",
    "a >> ~/.bashrc",
    "a &> file",
    "a >& file",
    "a <> file",
    "a < $x",
    "a < file",
    'echo "$(< /etc/passwd)"',
    "while read -r x; do echo done; done < file",
    "echo /home/*",
    "echo $x",
    "for f in /home/*; do a; done",
    "for f in $x; do a; done",
    'a=(/home/*) && echo "${a[@]}"',
    "a &",
    "echo {1..1000000000}",
    "a {a,b}{a,b}{a,b}{a,b}{a,b}{a,b}",
    "printf '%1000000000s' x",
    "a > /dev/tcp/host/80",
    "cat < /dev/tcp/host/80",
    "echo $((x))",
    "echo $((a[$(id)]))",
    "((x++))",
    "[[ $x -eq 1 ]]",
    "[ -v 'a[$(id)]' ]",
    "[ $x = y ]",
    'test "$x" "$y"',
    "echo ${!x}",
    "echo ${x@P}",
    "echo ${x:=y}",
    "echo ${a[$x]}",
    "echo ${x:y:1}",
    "echo a | bash",
    "curl -s http://x | sh -s",
    "python3 - < a",
    "python3 <<E\nx\nE",
    "bash <<< ls",
    "node",
    "xargs sh -c a",
    "xargs -I{} {} a",
    "xargs $x",
    "find . -exec sh -c a \\;",
    "find . $x",
    "sudo -i",
    "sudo -s a",
    "bash -lc a",
    "bash -c $x",
    "zsh -c a",
    "sh $x",
    "sh -c 'a &> b'",
    "sh -c '[[ a = b ]]'",
    "kill 1",
    "a 'unterminated",
    "a; )",
    "if a",
    "a\u200bb",
    "a \u202eb",
    "a\u00a0b",
    "a\rb",
    "sqlite3 db",
    "echo !(a)",
    "select x in a; do b; done",
    "command -p a",
    "busybox() { a; }",
  ];
  for (const script of scripts) {
    test(JSON.stringify(script), async () => {
      const { unclear } = await analyse(script);

      assert.notDeepEqual(unclear, []);
    });
  }

  test("a script that is too long, too deep or has too many commands", async () => {
    const long = await analyse(`echo ${"x".repeat(30_000)}`);
    const deep = await analyse(`${"$(".repeat(50)}a${")".repeat(50)}`);
    const many = await analyse("a;".repeat(1_000));

    assert.deepEqual(
      [long, deep, many].map(({ unclear }) => unclear.length > 0),
      [true, true, true],
    );
  });
});

test("whatever a script is made of, bash runs no command that the analysis has not found", async () => {
  const folder = mkdtempSync(join(tmpdir(), "moltbot-shell-"));
  try {
    for (const name of STUBS) {
      writeFileSync(join(folder, name), `#!/bin/sh\necho ${name} >> "$LOG"\n`);
      chmodSync(join(folder, name), 0o755);
    }
    const random = generator(20_261_122);
    const missed: string[] = [];
    for (let round = 0; round < 400; round++) {
      const script = randomScript(random);
      const { commands, unclear } = await analyse(script);
      if (unclear.length > 0) continue;
      // What an earlier script has left in the background writes to its own.
      const log = join(folder, `log-${round}`);
      writeFileSync(log, "");
      runQuietly(script, folder, log);
      const found = new Set(commands.map(({ argv }) => argv[0]));
      for (const name of new Set(readFileSync(log, "utf8").split("\n").filter(Boolean)))
        if (!found.has(name)) missed.push(`${JSON.stringify(script)} runs ${name}`);
    }

    assert.deepEqual(missed, []);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

const STUBS = ["s1", "s2", "s3"];
const PIECES = [
  ...STUBS,
  ...STUBS,
  ...[
    " ",
    " ",
    " ",
    ";",
    "|",
    "&&",
    "||",
    "&",
    "\n",
    "$(",
    ")",
    "(",
    "`",
    "'",
    '"',
    "\\",
    "{ ",
    "; }",
    "#",
    "!",
    "$x",
    "x=",
  ],
  ...[
    "if ",
    "; then ",
    "; fi",
    "for i in ",
    "; do ",
    "; done",
    "while ",
    "case a in ",
    "esac",
    ";;",
    "<<E\n",
    "\nE\n",
    "${x:-",
    "}",
  ],
  ...[
    "<(",
    "[[ ",
    " ]]",
    "time ",
    "command ",
    "exec ",
    "2>&1 ",
    ">/dev/null ",
    "<<<",
    "$((",
    "))",
    "1",
    "\\\n",
    "a",
    "*",
    "~",
    "=",
    "{a,b}",
  ],
];

function randomScript(random: () => number): string {
  const length = 2 + Math.floor(random() * 10);
  return Array.from({ length }, () => PIECES[Math.floor(random() * PIECES.length)]).join("");
}

/** A random generator with a seed, so that a failure can be run again. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

function runQuietly(script: string, folder: string, log: string): void {
  const options = {
    cwd: folder,
    env: { PATH: folder, LOG: log },
    timeout: 500,
    killSignal: "SIGKILL",
    stdio: "ignore",
  } as const;
  try {
    execFileSync("/bin/bash", ["--noprofile", "--norc", "-c", script], options);
  } catch (error) {
    ignore(error, "most such scripts fail; what they ran before is what counts");
  }
}
