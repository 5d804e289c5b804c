// What commands print is what the documentation shows of them; and each page shows an example.
import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { test } from "node:test";
import { docsPage, type Shown, shownIn, words } from "../support/docs-examples.ts";
import { ROOT } from "../support/imports.ts";
import { Home, type RunningGateway } from "./harness.ts";

/** Pages that are lists through and through: the table of what agents see, and those that are made of the definitions. */
const LISTS = ["channels/content.md", "protocol.md", "command-line.md"];

/** Without what is another on each machine and at each time: ids, numbers, how wide a column is. */
function alike(text: string): string {
  return text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "ID")
    .replaceAll(/\d+(?:\.\d+)?(?: (?:B|[kMGT]B))?/g, "N")
    .replaceAll(/ +/g, " ")
    .trim();
}

/** Types what the pages show, and compares what comes. */
async function typed(home: Home, examples: readonly Shown[]): Promise<[string, string][]> {
  const results: [string, string][] = [];
  for (const { line } of examples) {
    const { stdout, stderr } = await home.run(words(line).slice(1));
    results.push([line, alike(stdout + stderr)]);
  }
  return results;
}

const expected = (examples: readonly Shown[]) => examples.map(({ line, output }) => [line, alike(output)]);

for (const name of ["clients.md", "notifications.md", "state.md"])
  test(`the examples of docs/${name} print what stands there`, async () => {
    const examples = shownIn(docsPage(name));
    using home = new Home();
    await using _gateway = await home.gateway();
    await home.run(["agent", "-m", "/time"]);

    const results = await typed(home, examples);

    assert.deepEqual(results, expected(examples));
    assert.ok(examples.length >= 1);
  });

test("the example of docs/settings.md prints what stands there, and refuses what it says", async () => {
  const examples = shownIn(docsPage("settings.md"));
  using home = new Home();
  await using _gateway = await home.gateway();

  const results = await typed(home, examples);

  assert.deepEqual(results, expected(examples));
  assert.ok(examples.length >= 3);
});

test("the message of docs/durability.md is answered once, although the gateway is killed in between", async () => {
  const [first, again] = shownIn(docsPage("durability.md")) as [Shown, Shown];
  using home = new Home();
  let gateway: RunningGateway | undefined = await home.gateway();

  const before = await typed(home, [first]);
  await gateway.end("SIGKILL");
  gateway = await home.gateway();
  await home.run(["gateway", "call", "agent.wait", "--params", '{"runId": "order-17"}']);
  const after = await typed(home, [again]);
  const { stdout } = await home.run(["gateway", "call", "chat.history", "--params", '{"sessionKey": "main"}']);
  await gateway.end("SIGTERM");

  assert.deepEqual([...before, ...after], expected([first, again]));
  assert.deepEqual(
    JSON.parse(stdout).messages.map(({ role }: { role: string }) => role),
    ["user", "assistant"],
  );
});

test("each page shows an example", () => {
  const pages = globSync(["*.md", "channels/*.md"], { cwd: `${ROOT}/docs` }).filter((page) => !LISTS.includes(page));
  const without = pages.filter((page) => !/^ *(?:```|> )/m.test(docsPage(page)));

  assert.ok(pages.length >= 40);
  assert.deepEqual(without, []);
});
