import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import { Type } from "@sinclair/typebox";
import { FakeClock } from "../../../../../test/fakes/clock.ts";
import { within } from "../../../../../test/support/time-limit.ts";
import { defineSettings } from "../../kit/settings.ts";
import { sha256Hex } from "../ids.ts";
import { createLog, type Line } from "../log.ts";
import { Secrets } from "../privacy/secrets.ts";
import { type Clock, systemClock } from "../time/clock.ts";
import { explain, merge, readConfig } from "./config.ts";
import { historyDirs } from "./config-copies.ts";
import { Config } from "./config-file.ts";

const garden = defineSettings({
  path: "garden",
  summary: "A section that applies at once.",
  reload: "live",
  schema: Type.Object({
    beds: Type.Integer({ minimum: 1, default: 2 }),
    pond: Type.Object({ fish: Type.Integer({ default: 0 }) }),
  }),
});
const house = defineSettings({
  path: "house",
  summary: "A section that needs a restart.",
  reload: "restart",
  schema: Type.Object({ doors: Type.Integer({ default: 1 }) }),
});
const sections = [garden, house];

const root = mkdtempSync(join(tmpdir(), "moltbot-config-"));
after(() => rmSync(root, { recursive: true }));

let path: string;
let lines: Line[];
let onLine: (line: Line) => void;
beforeEach(() => {
  path = join(mkdtempSync(join(root, "test-")), "moltbot.json");
  lines = [];
  onLine = () => undefined;
});

function open(clock: Clock = new FakeClock()): Config {
  const sink = (line: Line) => {
    lines.push(line);
    onLine(line);
  };
  const log = createLog({ clock, level: "debug", sinks: [sink], secrets: new Secrets() });
  return Config.open({ path, sections, log, clock, env: {}, fallbackFolder: dirname(path) });
}

const write = (text: string) => writeFileSync(path, text);
const historyDir = () => historyDirs({ path, fallbackFolder: dirname(path) })[0]!;
const sentences = () => lines.map(({ sentence }) => sentence);

describe("reading", () => {
  const cases: readonly [text: string, issues: object[], warnings: object[]][] = [
    ["", [], []],
    ["// only a comment\n{}", [], []],
    ["{ garden: { beds: 3, }, }", [], []],
    [
      '{\n  "garden": {\n    "beds": "three"\n  }\n}',
      [{ path: "garden.beds", message: "must be integer", line: 3 }],
      [],
    ],
    ["{\n  garden: { beds: 0 },\n}", [{ path: "garden.beds", message: "must be >= 1", line: 2 }], []],
    [
      '{\n  "garden": {\n    "bed": 3\n  }\n}',
      [],
      [{ path: "garden.bed", message: "is not a known setting and is ignored", line: 3 }],
    ],
    ['{\n  "shed": {}\n}', [], [{ path: "shed", message: "is not a known setting and is ignored", line: 2 }]],
    ["[]", [{ path: "", message: "the file must hold one object: { … }" }], []],
    [
      '{\n  "garden": {,\n}',
      [{ path: "", message: 'not valid JSON5: there is a "," where none may be at line 2, column 14', line: 2 }],
      [],
    ],
    [
      '{ "garden": { "__proto__": { "beds": 9 } } }',
      [{ path: "garden.__proto__", message: "is a name that a config file must not use", line: 1 }],
      [],
    ],
    [
      '{ "constructor": 1 }',
      [{ path: "constructor", message: "is a name that a config file must not use", line: 1 }],
      [],
    ],
  ];

  for (const [text, issues, warnings] of cases) {
    test(`${JSON.stringify(text)} has ${issues.length} issues and ${warnings.length} warnings`, () => {
      const reading = readConfig(text, sections);

      assert.deepEqual({ issues: reading.issues, warnings: reading.warnings }, { issues, warnings });
    });
  }

  test("fills in defaults", () => {
    const { values } = readConfig("{ garden: { beds: 5 } }", sections);

    assert.deepEqual(Object.fromEntries(values), { garden: { beds: 5, pond: { fish: 0 } }, house: { doors: 1 } });
  });

  test("explains the first problem to a person, and counts the others", () => {
    const issues = [
      { path: "garden.beds", message: "must be integer", line: 3 },
      { path: "", message: "more" },
    ];

    assert.equal(
      explain("m.json", issues),
      "m.json line 3: garden.beds must be integer (and 1 more; see `moltbot doctor`). Mend that and save.",
    );
    assert.equal(explain("m.json", []), "m.json is valid.");
  });
});

describe("opening", () => {
  test("without a file gives the defaults", () => {
    using config = open();

    const { exists, raw, valid, hash } = config.snapshot();
    assert.deepEqual(config.of(house).current, { doors: 1 });
    assert.deepEqual({ exists, raw, valid, hash }, { exists: false, raw: null, valid: true, hash: sha256Hex("") });
  });

  test("warns of settings that nobody reads", () => {
    write('{ "garden": { "bed": 1 } }');

    using _config = open();

    assert.deepEqual(
      lines.map(({ level, sentence, fields }) => [level, sentence, fields.setting]),
      [["warn", "a setting is ignored", "garden.bed"]],
    );
  });

  test("an invalid file falls back to the last good copy and says why", () => {
    write("{ house: { doors: 4 } }");
    open()[Symbol.dispose]();
    write("{ house: { doors: 'many' } }");

    using config = open();

    const { valid, issues, config: inForce } = config.snapshot();
    assert.deepEqual(config.of(house).current, { doors: 4 });
    assert.deepEqual(
      { valid, issues },
      { valid: false, issues: [{ path: "house.doors", message: "must be integer", line: 1 }] },
    );
    assert.deepEqual(inForce.house, { doors: 4 });
    assert.deepEqual(lines.at(-1)?.fields, {
      problem: `${path} line 1: house.doors must be integer. Mend that and save.`,
    });
  });

  test("an invalid file without a good copy refuses to start", () => {
    write("{ house: { doors: 'many' } }");

    assert.throws(open, {
      name: "StartError",
      message: `${path} line 1: house.doors must be integer. Mend that and save.`,
    });
  });
});

describe("editing the file", () => {
  test("tells those whose section has changed, and only them", () => {
    write("{ garden: { beds: 3 } }");
    using config = open();
    const heard: unknown[] = [];
    config.of(garden).onChange((value) => heard.push(value));
    config.of(house).onChange((value) => heard.push(value));

    write("{ garden: { beds: 4 } }");
    config.reload();

    assert.deepEqual(heard, [{ beds: 4, pond: { fish: 0 } }]);
    assert.deepEqual(config.of(garden).current.beds, 4);
  });

  test("no longer tells a listener that was disposed", () => {
    using config = open();
    const heard: unknown[] = [];
    const listening = config.of(garden).onChange((value) => heard.push(value));

    listening[Symbol.dispose]();
    write("{ garden: { beds: 4 } }");
    config.reload();

    assert.deepEqual(heard, []);
  });

  test("asks for a restart when a section needs one, not for others", () => {
    using config = open();
    let restarts = 0;
    config.onRestartNeeded(() => restarts++);

    write("{ garden: { beds: 4 } }");
    config.reload();
    const afterGarden = restarts;
    write("{ garden: { beds: 4 }, house: { doors: 2 } }");
    config.reload();

    assert.deepEqual([afterGarden, restarts], [0, 1]);
  });

  test("into something invalid keeps the values in force until it is mended", () => {
    write("{ garden: { beds: 3 } }");
    using config = open();

    write("{ garden: { beds: ");
    config.reload();
    const whileBroken = { beds: config.of(garden).current.beds, valid: config.snapshot().valid };
    write("{ garden: { beds: 5 } }");
    config.reload();

    assert.deepEqual(whileBroken, { beds: 3, valid: false });
    assert.deepEqual(config.of(garden).current.beds, 5);
    assert.deepEqual(sentences(), ["the config file is invalid; the last good copy stays in force", "config changed"]);
  });

  test("away keeps the values in force", () => {
    write("{ garden: { beds: 3 } }");
    using config = open();

    rmSync(path);
    config.reload();

    assert.equal(config.of(garden).current.beds, 3);
    assert.deepEqual(sentences(), ["the config file is gone; the values in force stay"]);
  });

  test("does not touch what flags and environment have set", () => {
    using config = open();
    config.override("house", { doors: 9 });

    write("{ house: { doors: 2 } }");
    config.reload();

    assert.deepEqual(config.of(house).current, { doors: 9 });
  });

  test("is in force at once beside what flags and environment have set", () => {
    using config = open();
    const { current: before } = config.of(garden);
    config.override("garden", { pond: { fish: 7 } });
    const overridden = config.of(garden).current;

    write("{ garden: { beds: 6 } }");
    config.reload();
    const changed = config.of(garden).current;
    config.override("garden", { pond: { fish: 8 } });

    assert.deepEqual(
      [before, overridden, changed, config.of(garden).current].map(({ beds, pond }) => [beds, pond.fish]),
      [
        [2, 0],
        [2, 7],
        [6, 7],
        [6, 8],
      ],
    );
  });

  test("is noticed, also when an editor replaces the file", async () => {
    write("{ garden: { beds: 3 } }");
    using config = open(systemClock);
    const changed = Promise.withResolvers<number>();
    config.of(garden).onChange(({ beds }) => changed.resolve(beds));
    config.watch();

    writeFileSync(`${path}~`, "{ garden: { beds: 6 } }");
    renameSync(`${path}~`, path);

    assert.equal(await within(changed.promise, "the change to be noticed"), 6);
  });

  test("into something invalid is noticed and reported", async () => {
    write("{}");
    using config = open(systemClock);
    const reported = Promise.withResolvers<unknown>();
    onLine = ({ level, fields }) => level === "error" && reported.resolve(fields.problem);
    config.watch();

    write("{ garden: { beds: 0 } }");

    assert.equal(
      await within(reported.promise, "the problem to be reported"),
      `${path} line 1: garden.beds must be >= 1. Mend that and save.`,
    );
  });
});

describe("writing", () => {
  test("replaces the file, applies it and keeps the text before", () => {
    write("{ garden: { beds: 3 } }");
    using config = open();

    const after = config.write("{ garden: { beds: 4 } }", config.snapshot().hash);

    const kept = readdirSync(historyDir()).map((name) => readFileSync(join(historyDir(), name), "utf8"));
    assert.equal(readFileSync(path, "utf8"), "{ garden: { beds: 4 } }");
    assert.equal(config.of(garden).current.beds, 4);
    assert.deepEqual([after.hash, after.valid], [sha256Hex("{ garden: { beds: 4 } }"), true]);
    assert.deepEqual(kept, ["{ garden: { beds: 3 } }"]);
  });

  test("the first time needs no hash", () => {
    using config = open();

    config.write("{ garden: { beds: 4 } }", undefined);

    assert.equal(config.of(garden).current.beds, 4);
  });

  test("without the hash of the text that it replaces is refused", () => {
    write("{}");
    using config = open();

    assert.throws(() => config.write("{ garden: {} }", undefined), {
      code: "INVALID_REQUEST",
      message: "config base hash required; re-run config.get and retry",
    });
  });

  test("over an edit that nobody has seen is refused", () => {
    write("{}");
    using config = open();
    const { hash } = config.snapshot();
    write("{ garden: { beds: 7 } }");

    assert.throws(() => config.write("{ house: { doors: 2 } }", hash), {
      code: "INVALID_REQUEST",
      message: "config changed since last load; re-run config.get and retry",
    });
    assert.equal(readFileSync(path, "utf8"), "{ garden: { beds: 7 } }");
  });

  test("something invalid is refused with what is wrong, and changes nothing", () => {
    write("{ garden: { beds: 3 } }");
    using config = open();

    assert.throws(() => config.write("{ garden: { beds: 0 } }", config.snapshot().hash), {
      code: "INVALID_REQUEST",
      message: "invalid config",
      details: { issues: [{ path: "garden.beds", message: "must be >= 1", line: 1 }] },
    });
    assert.equal(readFileSync(path, "utf8"), "{ garden: { beds: 3 } }");
    assert.equal(config.of(garden).current.beds, 3);
  });

  test("keeps the fifty newest texts", () => {
    const clock = new FakeClock();
    write("{}");
    using config = open(clock);

    for (let beds = 1; beds <= 53; beds++) {
      clock.advance(1_000);
      config.write(`{ garden: { beds: ${beds} } }`, config.snapshot().hash);
    }

    const kept = readdirSync(historyDir()).sort();
    assert.equal(kept.length, 50);
    assert.equal(readFileSync(join(historyDir(), kept[0] ?? ""), "utf8"), "{ garden: { beds: 3 } }");
  });
});

test("merging goes into objects, replaces everything else, and leaves alone what is undefined", () => {
  const base = { a: { b: 1, c: [1, 2] }, d: 1, e: { f: 1 } };

  assert.deepEqual(merge(base, { a: { c: [3], x: 1 }, d: undefined, e: 2 }), { a: { b: 1, c: [3], x: 1 }, d: 1, e: 2 });
});

describe("a file that is not plainly where it seems", () => {
  const text = (beds: number) => `{ garden: { beds: ${beds} } }`;

  test("a mounted folder that is swapped by a link is seen at the next look", () => {
    const folder = dirname(path);
    for (const [name, beds] of [
      ["one", 1],
      ["two", 2],
    ] as const) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "moltbot.json"), text(beds));
    }
    symlinkSync("one", join(folder, "..data"));
    symlinkSync(join("..data", "moltbot.json"), path);
    const clock = new FakeClock();
    using config = open(clock);
    config.watch();

    symlinkSync("two", join(folder, "..next"));
    renameSync(join(folder, "..next"), join(folder, "..data"));
    clock.advance(2_000);

    assert.equal(config.of(garden).current.beds, 2);
  });

  test("a file that is edited where a link leads is seen at the next look, and written there", () => {
    const target = join(mkdtempSync(join(root, "elsewhere-")), "real.json");
    writeFileSync(target, text(1));
    symlinkSync(target, path);
    const clock = new FakeClock();
    using config = open(clock);
    config.watch();

    writeFileSync(target, `${text(2)}\n`);
    clock.advance(2_000);
    const seen = config.of(garden).current.beds;
    config.write(text(3), config.snapshot().hash);

    assert.deepEqual([seen, readFileSync(target, "utf8"), lstatSync(path).isSymbolicLink()], [2, text(3), true]);
  });

  test("a snapshot is that of the disk", () => {
    write(text(1));
    using config = open();
    write(text(2));

    const { raw, hash } = config.snapshot();

    assert.deepEqual([raw, hash, config.of(garden).current.beds], [text(2), sha256Hex(text(2)), 2]);
  });

  // Root may write into any folder, so for root the file is made a mount of its own; for others its folder takes no file.
  const isRoot = process.getuid?.() === 0;
  test(`a file that cannot be replaced (${isRoot ? "a mount" : "its folder is closed"}) is rewritten in place`, () => {
    write(text(1));
    const source = `${path}.source`;
    writeFileSync(source, text(1));
    if (isRoot) execFileSync("mount", ["--bind", source, path]);
    else chmodSync(dirname(path), 0o500);
    try {
      using config = open();
      config.write(text(2), config.snapshot().hash);

      assert.deepEqual([readFileSync(path, "utf8"), config.of(garden).current.beds], [text(2), 2]);
    } finally {
      if (isRoot) execFileSync("umount", [path]);
      else chmodSync(dirname(path), 0o700);
    }
  });

  test("a change of an included file is seen", () => {
    const included = join(dirname(path), "garden.json");
    writeFileSync(included, "{ beds: 4 }");
    write('{ garden: { $include: "garden.json" } }');
    const clock = new FakeClock();
    using config = open(clock);
    config.watch();
    const before = config.of(garden).current.beds;

    writeFileSync(included, "{ beds: 5 } // more");
    clock.advance(2_000);

    assert.deepEqual([before, config.of(garden).current.beds], [4, 5]);
    assert.equal(config.snapshot().raw, '{ garden: { $include: "garden.json" } }');
  });
});

test("a section may say itself which of its changes need a restart", () => {
  const cellar = defineSettings({
    path: "cellar",
    summary: "A section of which one setting needs a restart, where no variable says it.",
    reload: "live",
    needsRestart: (before, after, given) => given("CELLAR") === undefined && before.depth !== after.depth,
    schema: Type.Object({ depth: Type.Integer({ default: 1 }), lamps: Type.Integer({ default: 1 }) }),
  });
  const log = createLog({ clock: systemClock, level: "error", sinks: [], secrets: new Secrets() });
  const restartsOf = (env: Record<string, string>, text: string) => {
    const options = { path, log, env, clock: systemClock, sections: [cellar], fallbackFolder: root };
    using config = Config.open(options);
    return config.restartsFor(config.read("{}").values, config.read(text).values);
  };

  assert.deepEqual(restartsOf({}, "{ cellar: { depth: 2 } }"), ["cellar"]);
  assert.deepEqual(restartsOf({}, "{ cellar: { lamps: 2 } }"), []);
  assert.deepEqual(restartsOf({ MOLTBOT_CELLAR: "x" }, "{ cellar: { depth: 2 } }"), []);
});
