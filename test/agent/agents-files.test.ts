// An agent's pages over the wire: read, written when nobody was faster, and nothing else of the folder.
import assert from "node:assert/strict";
import { linkSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { testGateway } from "../support/gateway.ts";

const gateway = await testGateway({
  config: "{ models: { detectLocal: false }, agents: { list: [{ id: 'main' }, { id: 'cook' }] } }",
});
after(() => gateway[Symbol.asyncDispose]());
const admin = await gateway.connect({ scopes: ["operator.admin"] });
const MAIN = { agentId: "main" };
const folder = (await admin.call("agents.files.list", MAIN)).workspace as string;

test("the pages that there are and could be are listed, with their sizes", async () => {
  const { files } = await admin.call("agents.files.list", MAIN);

  assert.deepEqual(
    files.map(({ name, missing }: { name: string; missing: boolean }) => [name, missing]),
    [
      ["AGENTS.md", false],
      ["SOUL.md", false],
      ["IDENTITY.md", false],
      ["USER.md", false],
      ["MEMORY.md", false],
      ["HEARTBEAT.md", true],
    ],
  );
  assert.equal(files[1].size, statSync(join(folder, "SOUL.md")).size);
});

test("a page is written for the owner alone, and its hash protects what another wrote meanwhile", async () => {
  const name = "HEARTBEAT.md";
  const { file } = await admin.call("agents.files.get", { ...MAIN, name });
  const written = await admin.call("agents.files.set", { ...MAIN, name, content: "Look.\n", baseHash: file.hash });

  const late = await admin.request("agents.files.set", { ...MAIN, name, content: "No.", baseHash: file.hash });

  assert.deepEqual([file.content, file.missing, written.file.content], ["", true, "Look.\n"]);
  assert.match(late.error?.message ?? "", /HEARTBEAT\.md was changed meanwhile; read it again/);
  assert.equal(readFileSync(join(folder, name), "utf8"), "Look.\n");
  assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
  assert.deepEqual(
    readdirSync(folder).filter((each) => each.endsWith(".tmp")),
    [],
  );
});

test("each agent has its own", async () => {
  await admin.call("agents.files.set", { agentId: "cook", name: "SOUL.md", content: "Hungry." });

  assert.notEqual((await admin.call("agents.files.get", { ...MAIN, name: "SOUL.md" })).file.content, "Hungry.");
  const unknown = await admin.request("agents.files.list", { agentId: "nobody" });
  assert.match(unknown.error?.message ?? "", /unknown agent id "nobody"; there are main, cook/);
});

test("no other file, no link and no second name of a file is read or written", async () => {
  writeFileSync(join(folder, "other.md"), "secret");
  mkdirSync(join(folder, "notes"), { recursive: true });
  const tool = { agentId: "cook" };
  const cook = (await admin.call("agents.files.list", tool)).workspace as string;
  symlinkSync(join(folder, "other.md"), join(cook, "HEARTBEAT.md"));
  linkSync(join(cook, "SOUL.md"), join(folder, "second.md"));
  const answers = [
    ...(await Promise.all(
      ["other.md", "../other.md", "notes", "/etc/passwd", "SOUL.md/"].map((name) =>
        admin.request("agents.files.get", { ...MAIN, name }),
      ),
    )),
    await admin.request("agents.files.get", { ...tool, name: "HEARTBEAT.md" }),
    await admin.request("agents.files.set", { ...tool, name: "HEARTBEAT.md", content: "x" }),
    await admin.request("agents.files.set", { ...tool, name: "SOUL.md", content: "x" }),
  ];

  assert.deepEqual(
    answers.map(({ error }) => error?.code),
    answers.map(() => "INVALID_REQUEST"),
  );
  assert.equal(readFileSync(join(folder, "other.md"), "utf8"), "secret");
  assert.equal(readFileSync(join(folder, "second.md"), "utf8"), "Hungry.");
});
