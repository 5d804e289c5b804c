// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables as config files name them
/** A client may write back the config that it has read; then nothing is written that the file did not hold. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Bus } from "../../../base/bus.ts";
import { Config } from "../../../base/config/config-file.ts";
import { createLog } from "../../../base/log.ts";
import { Secrets } from "../../../base/privacy/secrets.ts";
import { systemClock } from "../../../base/time/clock.ts";
import { SETTINGS } from "../../../catalog.ts";
import { settings as gatewaySettings } from "../../../server/settings.ts";
import { ConfigFile, type ConfigFileServices } from "./config-file.ts";

const LIVE = "sk-LIVE0123456789abcdef";
const ENV = { OPENAI_KEY: LIVE, BASE_URL: "https://me:pa55word-live@host.test/v1", K: "7654321:K-of-the-bot" };
const INCLUDED = `{ servers: { a: { command: "npx", args: ["${LIVE}", "--fast"] } } }`;
const LEAKED = /LIVE0123|pa55word-live|K-of-the-bot|Sekret/;

let folder: string;
let open: DisposableStack;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moltbot-config-file-"));
  open = new DisposableStack();
});
afterEach(() => {
  open.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** The service over a file with this text. */
function fileOver(raw: string) {
  const path = join(folder, "moltbot.json");
  writeFileSync(path, raw);
  writeFileSync(join(folder, "inc.json5"), INCLUDED);
  const log = createLog({ clock: systemClock, level: "error", sinks: [], secrets: new Secrets() });
  const sections = [gatewaySettings, ...SETTINGS];
  const config = open.use(Config.open({ path, sections, log, clock: systemClock, env: ENV, fallbackFolder: folder }));
  const base = {
    bus: new Bus(),
    config,
    version: "0",
    stateDir: folder,
    clock: systemClock,
    env: ENV,
    log,
    sessions: { models: { now: { refOf: (name: string) => name } } },
  } as unknown as ConfigFileServices;
  return { path, file: new ConfigFile(base) };
}

const FILES: readonly [what: string, raw: string][] = [
  ["a list that names a variable", '{ mcp: { servers: { x: { command: "c", args: ["--key", "${OPENAI_KEY}"] } } } }'],
  [
    "an address that is a variable",
    '{ models: { providers: { p: { baseUrl: "${BASE_URL}", api: "openai-completions" } } } }',
  ],
  [
    "a list whose first variable is not set",
    `{ mcp: { servers: { x: { command: "c", args: ["\${UNSET}", '${LIVE}', "plain"] } } } }`,
  ],
  [
    "a list that an included file begins",
    '{ mcp: { $include: "./inc.json5", servers: { a: { args: ["-y", "pkg"] } } } }',
  ],
  [
    "a token that is a variable, and a text with it",
    '{ channels: { telegram: { botToken: "${K}", note: "x ${K} y" } } }',
  ],
  ["a text with what a variable holds", `{ channels: { telegram: { botToken: "\${K}", note: 'x ${ENV.K} y' } } }`],
  [
    "secrets spelt in other ways",
    `{ models: { providers: { p: { apiKey: 's\\x6b-LIVE0123456789abcdef' } } } } // mine`,
  ],
];

describe("what config.get shows can be set again unchanged", () => {
  for (const [what, raw] of FILES) {
    test(`${what}: the file stays as it is`, () => {
      const { path, file } = fileOver(raw);
      const shown = file.get();
      assert.doesNotMatch(JSON.stringify(shown), LEAKED);
      assert.doesNotMatch(JSON.stringify(file.getForReaders()), LEAKED);

      file.set(shown.raw!, shown.hash);

      assert.equal(readFileSync(path, "utf8"), raw);
    });

    test(`${what}: what the file holds can be patched again, and no variable's value is written`, async () => {
      const { path, file } = fileOver(raw);
      const shown = file.get();
      const note = { kind: "config-patch", sessionKey: undefined, note: undefined, restartDelayMs: 0 } as const;

      await file.patch(JSON.stringify(shown.parsed), shown.hash, note);
      const after = file.get();

      assert.deepEqual(after.parsed, shown.parsed);
      assert.equal(LEAKED.test(readFileSync(path, "utf8")), LEAKED.test(raw));
    });
  }

  test("a marker of what a variable has brought is refused where the file has no such secret", () => {
    const { path, file } = fileOver(FILES[1]![1]);
    const { config, hash } = file.get() as { config: { models: { providers: { p: object } } }; hash: string };

    assert.throws(() => file.set(JSON.stringify({ models: { providers: { p: config.models.providers.p } } }), hash), {
      code: "INVALID_REQUEST",
      message:
        "__REDACTED:models.providers.p.baseUrl__ stands for what a variable, an included file or a flag has brought; leave that setting as the file has it",
    });
    assert.equal(readFileSync(path, "utf8"), FILES[1]![1]);
  });
});
