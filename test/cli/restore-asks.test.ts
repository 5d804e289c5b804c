// `moltbot restore` on a terminal: it says what it would replace, also outside of the state folder, and then asks once.
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { openStore } from "../../packages/gateway/src/base/store/store.ts";
import { TABLES } from "../../packages/gateway/src/catalog.ts";
import type { Terminal } from "../support/terminal.ts";
import { eventually } from "../support/time-limit.ts";
import { Home } from "./harness.ts";

const QUESTION = /Put it there\? What is there now is kept beside it\. \[Y\/n\]/;

let home: Home;
beforeEach(async () => {
  home = new Home();
  mkdirSync(home.stateDir, { recursive: true, mode: 0o700 });
  openStore(join(home.stateDir, "state.db"), TABLES)[Symbol.dispose]();
  for (const each of [notes(), gone()]) {
    mkdirSync(each, { recursive: true });
    writeFileSync(join(each, "page.md"), "as it was");
  }
  writeFileSync(
    join(home.stateDir, "moltbot.json"),
    JSON.stringify({
      gateway: { auth: { mode: "token", token: "a-token-for-the-tests-of-restores" } },
      agents: {
        list: [
          { id: "main", workspace: notes() },
          { id: "other", workspace: gone() },
        ],
      },
    }),
    { mode: 0o600 },
  );
  const { code, stderr } = await home.run(["backup", "now"]);
  assert.equal(code, 0, stderr);
  writeFileSync(join(notes(), "page.md"), "as it is");
  rmSync(join(gone(), ".."), { recursive: true });
});
afterEach(() => home[Symbol.dispose]());

/** Workspaces outside the state folder; the second one's disk is not there at the restore. */
const notes = () => join(home.stateDir, "..", "notes");
const gone = () => join(home.stateDir, "..", "disk", "gone");
const page = () => readFileSync(join(notes(), "page.md"), "utf8");
/** What restores left in the state folder and beside the workspaces. */
const left = () =>
  [home.stateDir, join(home.stateDir, "..")].flatMap((folder) =>
    readdirSync(folder).filter((name) => /restor/.test(name)),
  );

/** Lines of the question, once it is there. */
async function asked(terminal: Terminal): Promise<string> {
  await terminal.until(QUESTION);
  return terminal.lines.join("\n");
}

/** How often the terminal was asked something. */
function questions(terminal: Terminal): number {
  return terminal.text.match(/\?/g)?.length ?? 0;
}

function saysAll(text: string): void {
  const [file = ""] = readdirSync(`${home.stateDir}-backups`);
  assert.ok(text.includes(`${file}, made `), text);
  assert.ok(text.includes(`It also replaces ${notes()}, outside the state folder.`), text);
  assert.ok(text.includes(`This machine has no place for ${gone()}; that goes into the state folder.`), text);
}

test("a no changes nothing and leaves nothing", async () => {
  await using terminal = home.terminal(["restore"], 400);

  saysAll(await asked(terminal));
  terminal.type("n\r");
  const code = await terminal.ended();

  assert.equal(code, 1);
  assert.match(terminal.text, /Nothing was changed\. To go back: `moltbot restore FILE --yes`\./);
  assert.deepEqual([page(), left()], ["as it is", []]);
});

test("a yes restores the backup that was named, although a newer one is made meanwhile", async () => {
  const folder = `${home.stateDir}-backups`;
  const [file = ""] = readdirSync(folder);
  await using terminal = home.terminal(["restore"], 400);

  saysAll(await asked(terminal));
  // The name says when it was made.
  cpSync(join(folder, file), join(folder, file.replace(/-20\d\d-/, "-2035-")));
  terminal.type("\r");
  const code = await terminal.ended();

  assert.equal(code, 0, terminal.text);
  assert.ok(terminal.text.includes(`${file}, made `) && !terminal.text.includes("-2035-"), terminal.text);
  assert.deepEqual([page(), questions(terminal)], ["as it was", 1]);
});

test("a gateway that runs is asked what it would replace, too", async () => {
  await using _gateway = await home.gateway();
  await using terminal = home.terminal(["restore"], 400);

  saysAll(await asked(terminal));
  terminal.type("y\r");
  const code = await terminal.ended();
  await eventually("the restore to be over", () => !existsSync(join(home.stateDir, "restore.json")));

  assert.equal(code, 0, terminal.text);
  assert.deepEqual([page(), questions(terminal)], ["as it was", 1]);
});

test("going back from a restore asks too, and a no changes nothing", async () => {
  const { code, stderr } = await home.run(["restore", "--yes"]);
  assert.equal(code, 0, stderr);
  await using refused = home.terminal(["restore", "undo"], 400);
  await refused.until(/Put back what was there before moltbot-.*\? What is there now is kept beside it\. \[Y\/n\]/);

  refused.type("n\r");
  const refusal = await refused.ended();
  const after = page();
  await using agreed = home.terminal(["restore", "undo"], 400);
  await agreed.until(/\[Y\/n\]/);
  agreed.type("\r");
  const undone = await agreed.ended();
  await using none = home.terminal(["restore", "undo"], 400);
  const nothing = await none.ended();

  assert.deepEqual([refusal, after], [1, "as it was"]);
  assert.deepEqual([undone, page()], [0, "as it is"]);
  assert.deepEqual([nothing, questions(none)], [1, 0]);
  assert.match(none.text, /There is no restore that could be undone\./);
});
