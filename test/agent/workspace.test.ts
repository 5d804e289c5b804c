// The file tools of an agent, over a whole gateway: what they do, and what they cannot be talked into.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { admin, say } from "./support.ts";
import { workspaceStage } from "./workspace-stage.ts";

describe("a workspace", () => {
  test("is made with its first files, for its owner alone, when it is first needed", async () => {
    await using here = await workspaceStage();

    await here.call("list", {});

    assert.deepEqual(readdirSync(here.folder), ["AGENTS.md", "IDENTITY.md", "MEMORY.md", "SOUL.md", "USER.md"]);
    assert.equal(statSync(here.folder).mode & 0o777, 0o700);
    assert.equal(statSync(join(here.folder, "USER.md")).mode & 0o777, 0o600);
  });

  test("gets its first files beside skills that were put there before", async () => {
    await using here = await workspaceStage();
    mkdirSync(join(here.folder, "skills/tides"), { recursive: true });

    await here.call("list", {});

    assert.ok(existsSync(join(here.folder, "AGENTS.md")));
  });

  test("keeps what its owner wrote, and does not bring back what they removed", async () => {
    await using here = await workspaceStage();
    await here.call("list", {});
    writeFileSync(join(here.folder, "SOUL.md"), "Terse.");
    rmSync(join(here.folder, "USER.md"));

    await here.gateway.stop();
    await here.gateway.start();
    const client = await admin(here.gateway);
    await say(client, "Hello.");

    assert.equal(readFileSync(join(here.folder, "SOUL.md"), "utf8"), "Terse.");
    assert.equal(existsSync(join(here.folder, "USER.md")), false);
  });

  test("is another folder for each agent", async () => {
    await using here = await workspaceStage({ agents: { list: [{ id: "main", default: true }, { id: "cook" }] } });

    await here.call("write", { path: "a.md", content: "main" });
    await here.call("write", { path: "a.md", content: "cook" }, "agent:cook:main");

    assert.equal(readFileSync(join(here.folder, "a.md"), "utf8"), "main");
    assert.equal(readFileSync(join(here.gateway.stateDir, "workspaces/cook/a.md"), "utf8"), "cook");
  });

  test("that cannot be made is said to the model, and the conversation goes on", async () => {
    await using here = await workspaceStage({ defaults: { workspace: "/dev/null/workspace" } });

    assert.match(await here.call("list", {}), /workspace .* cannot be used .*agents\.defaults\.workspace/);
  });
});

describe("read", () => {
  test("gives a text whole, or page by page", async () => {
    await using here = await workspaceStage();
    await here.call("write", { path: "notes/long.txt", content: "one\ntwo\nthree\nfour\n" });

    assert.equal(await here.call("read", { path: "notes/long.txt" }), "one\ntwo\nthree\nfour");
    assert.equal(
      await here.call("read", { path: join(here.folder, "notes/long.txt"), offset: 2, limit: 2 }),
      "two\nthree\n\n[lines 2 to 3 of 4; go on with offset 4]",
    );
    assert.match(await here.call("read", { path: "notes/long.txt", offset: 9 }), /has 4 lines; offset 9 is behind/);
  });

  test("cuts pages between lines, and says how long a line is that is too long", async () => {
    await using here = await workspaceStage();
    await here.call("list", {});
    writeFileSync(join(here.folder, "wide.txt"), `${"x".repeat(9_000)}\n`.repeat(5));

    const page = await here.call("read", { path: "wide.txt" });

    assert.match(page, /^x{8000} \[… the line has 9000 characters\]\n/);
    assert.match(page, /\[lines 1 to 3 of 5; go on with offset 4\]$/);
  });

  test("shows a picture as a picture, and says what another file is", async () => {
    await using here = await workspaceStage();
    await here.call("list", {});
    const png = Buffer.from(
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
      "base64",
    );
    writeFileSync(join(here.folder, "dot.txt"), png);
    writeFileSync(join(here.folder, "paper.txt"), "%PDF-1.7 …");
    writeFileSync(join(here.folder, "latin.txt"), Buffer.from([0x66, 0xfc, 0x72]));

    assert.match(await here.call("read", { path: "paper.txt" }), /paper\.txt is a PDF document \(\d+ bytes\)/);
    assert.match(await here.call("read", { path: "latin.txt" }), /text in another encoding than UTF-8/);
    await here.call("read", { path: "dot.txt" });
    const sent = JSON.stringify(here.server.requests.at(-1)?.body);
    assert.match(sent, /dot\.txt: image\/png, 70 bytes/);
    assert.ok(sent.includes(png.toString("base64")));
  });
});

describe("write and edit", () => {
  test("a file keeps its mode when it is replaced, and text can be put at its end", async () => {
    await using here = await workspaceStage();
    await here.call("list", {});
    writeFileSync(join(here.folder, "run.sh"), "echo 1\n");
    chmodSync(join(here.folder, "run.sh"), 0o750);

    assert.match(await here.call("write", { path: "run.sh", content: "echo 2\n" }), /^Replaced run\.sh \(1 lines/);
    await here.call("write", { path: "run.sh", content: "echo 3\n", append: true });

    assert.equal(readFileSync(join(here.folder, "run.sh"), "utf8"), "echo 2\necho 3\n");
    assert.equal(statSync(join(here.folder, "run.sh")).mode & 0o777, 0o750);
  });

  test("an edit changes exactly one place, or every one when asked to", async () => {
    await using here = await workspaceStage();
    await here.call("write", { path: "a.txt", content: "red\r\ngreen\r\nred\r\n" });

    assert.match(
      await here.call("edit", { path: "a.txt", edits: [{ old: "red", new: "blue" }] }),
      /is in the file 2 times; add lines around it, or set all/,
    );
    const edits = [
      { old: "green\nred", new: "green\nblack" },
      { old: "red", new: "white", all: true },
    ];
    assert.equal(await here.call("edit", { path: "a.txt", edits }), "Changed a.txt in 2 places.");
    assert.equal(readFileSync(join(here.folder, "a.txt"), "utf8"), "white\r\ngreen\r\nblack\r\n");
  });

  test("when one of several edits does not fit, none is made", async () => {
    await using here = await workspaceStage();
    await here.call("write", { path: "a.txt", content: "one two" });

    const answer = await here.call("edit", {
      path: "a.txt",
      edits: [
        { old: "one", new: "1" },
        { old: "three", new: "3" },
      ],
    });

    assert.match(answer, /edit 2: the text to replace is not in the file/);
    assert.equal(readFileSync(join(here.folder, "a.txt"), "utf8"), "one two");
  });
});

describe("list and search", () => {
  test("find what globs and texts name, and leave .git and node_modules alone", async () => {
    await using here = await workspaceStage();
    await here.call("write", { path: "docs/a.md", content: "Alpha\nthe Needle is here\n" });
    await here.call("write", { path: "docs/deep/b.txt", content: "needle\n" });
    for (const folder of [".git", "node_modules"]) {
      mkdirSync(join(here.folder, folder));
      writeFileSync(join(here.folder, folder, "c.md"), "needle");
    }

    assert.equal(await here.call("list", { path: "docs", depth: 2 }), "docs/a.md 25\ndocs/deep/\ndocs/deep/b.txt 7");
    assert.equal(await here.call("list", { glob: "docs/**/*.{txt,csv}" }), "docs/deep/b.txt 7");
    assert.equal(await here.call("search", { query: "needle" }), "docs/deep/b.txt:1: needle");
    assert.equal(
      await here.call("search", { query: "need(le|ful)", regex: true, ignoreCase: true }),
      "docs/a.md:2: the Needle is here\ndocs/deep/b.txt:1: needle",
    );
    assert.match(await here.call("search", { query: "(", regex: true }), /is not a regular expression/);
  });

  test("a search stops at its limit and says so", async () => {
    await using here = await workspaceStage();
    await here.call("write", { path: "many.txt", content: "x\n".repeat(50) });

    const answer = await here.call("search", { query: "x", path: "", glob: "many.txt", limit: 2 });

    assert.equal(
      answer,
      "many.txt:1: x\nmany.txt:2: x\n[stopped at 2 lines, 1 file searched; narrow the search with path or glob]",
    );
  });

  test("an expression that would take years is stopped, and others are served meanwhile", {
    timeout: 60_000,
  }, async () => {
    await using here = await workspaceStage();
    await here.call("write", { path: "evil.txt", content: `${"a".repeat(60)}!\n` });

    const asked = here.call("search", { query: "^(a|aa|a?)+$", regex: true, glob: "evil.txt" });
    let isOver = false;
    const over = asked.then(() => {
      isOver = true;
    });
    await here.client.call("health", {});

    assert.equal(isOver, false);
    await over;
    assert.match(await asked, /^Nothing found so far \[stopped after 10 s/);
  });
});

describe("the tools never leave the workspace", () => {
  const traps = (folder: string, outside: string) => {
    writeFileSync(join(outside, "secret.txt"), "the secret");
    symlinkSync(outside, join(folder, "way-out"));
    symlinkSync(join(outside, "secret.txt"), join(folder, "link.txt"));
    linkSync(join(outside, "secret.txt"), join(folder, "hard.txt"));
    execFileSync("/bin/sh", ["-c", 'mkfifo "$1"', "sh", join(folder, "pipe")]);
  };
  const cases: readonly [tool: string, args: Record<string, unknown>, answer: RegExp][] = [
    ["read", { path: "../outside/secret.txt" }, /outside the workspace/],
    ["read", { path: "/etc/passwd" }, /outside the workspace/],
    ["read", { path: "~/.ssh/id_rsa" }, /outside the workspace/],
    ["read", { path: "way-out/secret.txt" }, /way-out is a link, and links are not followed/],
    ["read", { path: "link.txt" }, /link\.txt is a link/],
    ["read", { path: "a\u0000b" }, /control characters/],
    ["read", { path: "..\\secret.txt" }, /back-slashes/],
    ["read", { path: "pipe" }, /not a regular file/],
    ["read", { path: "." }, /is a folder, not a file/],
    ["list", { path: "way-out" }, /way-out is a link/],
    ["search", { query: "the secret", path: "way-out" }, /way-out is a link/],
    ["write", { path: "way-out/new.txt", content: "x" }, /way-out is a link/],
    ["write", { path: "link.txt", content: "x" }, /link\.txt is a link/],
    ["write", { path: "hard.txt", content: "x" }, /hard link/],
    ["write", { path: "pipe", content: "x" }, /not a regular file/],
    ["write", { path: ".git/hooks/post-checkout", content: "x" }, /belongs to git/],
    ["edit", { path: "link.txt", edits: [{ old: "the", new: "a" }] }, /link\.txt is a link/],
  ];

  test("whatever they are asked", async () => {
    await using here = await workspaceStage();
    await here.call("list", {});
    const outside = join(here.gateway.stateDir, "../outside");
    mkdirSync(outside);
    traps(here.folder, outside);

    const answers: string[] = [];
    for (const [tool, args] of cases) answers.push(await here.call(tool, args));

    for (const [index, answer] of answers.entries()) assert.match(answer, cases[index]![2]);
    assert.deepEqual(readdirSync(outside), ["secret.txt"]);
    assert.equal(readFileSync(join(outside, "secret.txt"), "utf8"), "the secret");
    assert.equal(await here.call("search", { query: "the secret" }), "hard.txt:1: the secret");
  });

  test("and a workspace that contains the gateway's state does not give it away", async () => {
    await using here = await workspaceStage({ defaults: { workspace: ".." } });

    assert.match(await here.call("list", { path: "state" }), /state is part of the gateway's own state/);
    assert.match(await here.call("read", { path: "moltbot.json" }), /part of the gateway's own state/);
    assert.match(await here.call("write", { path: "state/x", content: "x" }), /part of the gateway's own state/);
    assert.match(await here.call("search", { query: "fake-key-123456" }), /^Nothing found/);
  });
});

test("in a group the owner's private notes are left alone", async () => {
  await using here = await workspaceStage();
  await here.call("write", { path: "memory/2026-01-01.md", content: "A surprise party." });
  const group = "agent:main:telegram:group:7";

  assert.match(await here.call("read", { path: "MEMORY.md" }, group), /is private/);
  assert.match(await here.call("read", { path: "memory/2026-01-01.md" }, group), /is private/);
  assert.match(await here.call("search", { query: "party" }, group), /^Nothing found/);
  assert.match(await here.call("search", { query: "party" }), /^memory\/2026-01-01\.md:1: A surprise party\.$/);
});
