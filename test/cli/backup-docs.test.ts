// The examples of docs/backup.md and docs/state.md work as they are written, and what they say of settings is so.
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { docsPage, examplesIn, namedIn, words } from "../support/docs-examples.ts";
import { Home, type Outcome } from "./harness.ts";

/** The disk and the network drive of the page. */
const DRIVE = /\/mnt\/(?:usb|nas)/;
const AN_OLDER_BACKUP = "moltbot-2026-11-30T03-00-00-000Z.tar.zst";
const A_MOMENT = "2026-11-30T08:00";

/** A home on whose machine the paths of the page are. */
class Reader implements Disposable {
  readonly home = new Home();
  readonly drive = join(this.home.stateDir, "..", "drive");

  constructor() {
    mkdirSync(join(this.drive, "moltbot"), { recursive: true });
  }

  /** Types a line of the page; `--yes` stands for the answer to its question. */
  async types(line: string, moment = ""): Promise<Outcome> {
    const typed = words(line.replace(DRIVE, this.drive).replace(A_MOMENT, moment)).slice(1);
    const isAsked = typed[0] === "restore" && typed[1] !== "undo";
    const env = DRIVE.test(line) ? { MOLTBOT_BACKUP_PASSPHRASE: "correct horse" } : {};
    return await this.home.run([...typed, ...(isAsked ? ["--yes"] : [])], { env });
  }

  async says(text: string): Promise<void> {
    const { code, stderr } = await this.home.run(["agent", "-m", text]);
    assert.equal(code, 0, stderr);
  }

  [Symbol.dispose](): void {
    this.home[Symbol.dispose]();
  }
}

const page = docsPage("backup.md");
const examples = examplesIn(page);

test("each example of backups works as it is written", async () => {
  using reader = new Reader();
  await using _gateway = await reader.home.gateway();
  const folder = `${reader.home.stateDir}-backups`;
  await reader.says("before the backup");

  const lines = examples.filter((line) => !line.includes(A_MOMENT));
  const results: [string, Outcome][] = [];
  for (const line of lines) {
    if (line.includes(AN_OLDER_BACKUP))
      copyFileSync(join(folder, readdirSync(folder)[0]!), join(folder, AN_OLDER_BACKUP));
    results.push([line, await reader.types(line)]);
  }

  assert.deepEqual(
    results.map(([line, { code, stderr }]) => [line, code, stderr]),
    lines.map((line) => [line, 0, ""]),
  );
  assert.ok(lines.length >= 10);
});

test("the example of any moment works as it is written", async () => {
  using reader = new Reader();
  await using _gateway = await reader.home.gateway();
  const [setting] = namedIn(page).filter((line) => line.includes("backup.stream"));
  const [going] = examples.filter((line) => line.includes(A_MOMENT));

  const set = await reader.types(setting!);
  const made = await reader.home.run(["backup", "now"]);
  await reader.says("before the moment");
  const moment = new Date().toISOString();
  await reader.says("after the moment");
  const back = await reader.types(going!, moment);
  const { stdout: said } = await reader.home.run(["sessions", "show", "main", "--json"]);

  assert.deepEqual(
    [set, made, back].map(({ code, stderr }) => [code, stderr]),
    [set, made, back].map(() => [0, ""]),
  );
  assert.deepEqual(
    ["before the moment", "after the moment"].map((text) => said.includes(text)),
    [true, false],
  );
});

test("the commands that the page of the state names work, and its settings exist", async () => {
  const state = docsPage("state.md");
  using reader = new Reader();
  await using _gateway = await reader.home.gateway();

  const results = [];
  for (const line of namedIn(state)) results.push(await reader.types(line));
  const settings = new Set([...state.matchAll(/`([a-z]+(?:\.[a-zA-Z]+)+)`/g)].map(([, name = ""]) => name));
  const known = docsPage("settings.md");

  assert.deepEqual(
    results.map(({ code, stderr }) => [code, stderr]),
    results.map(() => [0, ""]),
  );
  assert.ok(results.length >= 2);
  assert.deepEqual(
    [...settings].filter((name) => name !== "machine.disk" && !known.includes(`\`${name}\``)),
    [],
  );
});
