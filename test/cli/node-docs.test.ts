// The examples of docs/node-commands.md and docs/canvas.md do what the pages say.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { ROOT_LIMITS } from "../../packages/gateway/src/slices/surfaces/canvas/files/root.ts";
import { askRaw } from "../support/canvas.ts";
import { eventually } from "../support/time-limit.ts";
import { Home } from "./harness.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const TOKEN = { MOLTBOT_GATEWAY_TOKEN: "a-token-for-tests" };
const pageOf = (name: string) => readFileSync(join(root, "docs", name), "utf8");
/** The blocks of a page in a language. */
const blocks = (page: string, language: string) =>
  [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].flatMap(([, name, text = ""]) =>
    name === language ? [text] : [],
  );
/** The words of the commands in a page's blocks, without `moltbot`. */
const commandsIn = (text: string) =>
  text.split("\n").flatMap((line) => {
    const [, words] = /^(?:\$ )?moltbot (.+)$/.exec(line) ?? [];
    return words === undefined
      ? []
      : [[...words.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? "")];
  });

describe("docs/node-commands.md", () => {
  const page = pageOf("node-commands.md");

  test("the node of the page is approved with its words, does its command, and comes back under the same id", async () => {
    using home = new Home();
    using stack = new DisposableStack();
    const folder = mkdtempSync(join(tmpdir(), "moltbot-garden-"));
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    mkdirSync(join(folder, "node_modules/@moltbot"), { recursive: true });
    symlinkSync(join(root, "packages/protocol"), join(folder, "node_modules/@moltbot/protocol"));
    writeFileSync(join(folder, "garden.mjs"), blocks(page, "js")[0] ?? "");
    await using gateway = await home.gateway([], TOKEN);
    const start = async () => {
      const { PATH = "" } = process.env;
      const env = { PATH, ...TOKEN, GATEWAY_URL: gateway.url };
      const child = spawn(process.execPath, ["--conditions=moltbot-source", "garden.mjs"], { cwd: folder, env });
      child.stderr.pipe(process.stderr);
      await once(createInterface({ input: child.stdout }), "line");
      return { child, [Symbol.dispose]: () => void child.kill("SIGKILL") };
    };
    const run = async (words: readonly string[]) => await home.run([...words], { env: TOKEN });
    const [allow = [], list = [], approve = [], invoke = []] = commandsIn(
      blocks(page, "").find((text) => text.includes("gateway.nodes.commands.allow")) ?? "",
    );
    using garden = await start();

    await run(allow);
    let request: string | undefined;
    await eventually("the request of the node", async () => {
      request = /moltbot nodes approve (\S+)/.exec((await run(list)).stdout)?.[1];
      return request !== undefined;
    });
    await run(approve.map((word) => (word === "REQUEST" ? String(request) : word)));
    const watered = await eventually("the command to be there", async () => {
      const outcome = await run(invoke);
      return outcome.code === 0 && outcome;
    });
    const failed = await run([...invoke.slice(0, -1), '{"minutes":null}']);
    const before = JSON.parse((await run(["nodes", "describe", "garden", "--json"])).stdout);
    garden.child.kill("SIGKILL");
    await once(garden.child, "exit");
    using _again = await start();
    const after = JSON.parse((await run(["nodes", "describe", "garden", "--json"])).stdout);

    assert.deepEqual(JSON.parse(watered.stdout), { litres: 40 });
    assert.equal(failed.code, 0);
    assert.deepEqual([after.nodeId, after.connected, after.commands], [before.nodeId, true, ["garden.water"]]);
  });

  test("what the changes of the page stand beside is in the sources", () => {
    const diffs = blocks(page, "diff");

    assert.equal(diffs.length, 3);
    for (const diff of diffs) {
      const [head = "", ...lines] = diff.trimEnd().split("\n");
      const [, path = ""] = /^ \/\/ ([\w./-]+\.ts)/.exec(head) ?? [];
      const source = readFileSync(join(root, path), "utf8");
      for (const line of lines.filter((each) => each.startsWith(" "))) assert.ok(source.includes(line.slice(1)), line);
    }
  });
});

describe("docs/canvas.md", () => {
  const page = pageOf("canvas.md");

  test("the page of the page is shown, and its words draw, look back and take back", async () => {
    using home = new Home();
    await using _gateway = await home.gateway([], TOKEN);
    const run = (words: readonly string[]) => home.run([...words], { env: TOKEN });
    const status = JSON.parse((await run(["canvas", "path", "--json"])).stdout);
    mkdirSync(status.path, { recursive: true });
    writeFileSync(join(status.path, "index.html"), blocks(page, "html")[0] ?? "");
    const screen = join(home.stateDir, "screen.jsonl");
    writeFileSync(screen, blocks(pageOf("a2ui.md"), "jsonl")[0] ?? "");
    const screens = blocks(page, "sh").find((text) => text.includes("canvas push")) ?? "";

    const shown = await askRaw(status.port, "/__moltbot__/canvas/");
    const outcomes = [];
    for (const words of commandsIn(screens))
      outcomes.push({
        ...{ words: words.join(" ") },
        ...(await run(words.map((word) => (word === "screen.jsonl" ? screen : word === "12" ? "1" : word)))),
      });

    assert.match(shown.body, /<h1>This week<\/h1>/);
    assert.deepEqual(
      outcomes.map(({ words, code }) => [words, code]),
      ["push screen.jsonl", "history", "replay 12", "undo", "reset"].map((words) => [`canvas ${words}`, 0]),
    );
    assert.match(outcomes[2]?.stdout ?? "", /"surfaceId":"lamps"/);
  });

  test("the limits of the page are those that are held", () => {
    const figure = (pattern: RegExp) => Number(pattern.exec(page)?.[1]?.replaceAll(",", ""));

    assert.equal(figure(/files of more than (\d+) MiB/), ROOT_LIMITS.fileBytes / 1024 / 1024);
    assert.equal(figure(/more than (\d+) names/), ROOT_LIMITS.depth);
    assert.equal(figure(/more than ([\d,]+) files/), ROOT_LIMITS.files);
    assert.equal(figure(/folders or (\d+) MiB/), ROOT_LIMITS.totalBytes / 1024 / 1024);
  });
});
