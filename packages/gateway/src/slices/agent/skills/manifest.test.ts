import assert from "node:assert/strict";
import { test } from "node:test";
import { type InstallStep, isHarmlessVariable, type Manifest, readManifest, splitSkill } from "./manifest.ts";

const HEADS: readonly [about: string, text: string, head: string, body: string][] = [
  ["between two lines of dashes", "---\nname: a\n---\n\nDo it.\n", "name: a", "Do it."],
  ["with the line ends of Windows", "---\r\nname: a\r\n---\r\nDo it.", "name: a", "Do it."],
  ["after a byte order mark", "\ufeff---\nname: a\n---\nDo it.", "name: a", "Do it."],
  ["with blanks after the dashes", "--- \nname: a\n---\t\nDo it.", "name: a", "Do it."],
  ["without a body", "---\nname: a\n---", "name: a", ""],
  ["up to the first closing line", "---\nname: a\n---\nA\n---\nB", "name: a", "A\n---\nB"],
];
for (const [about, text, head, body] of HEADS) {
  test(`a head is found ${about}`, () => {
    assert.deepEqual(splitSkill(text), { head, body });
  });
}

for (const text of ["", "Do it.", "---\nname: a\n", "\n---\nname: a\n---\n", "name: a\n---\n"]) {
  test(`there is no head in ${JSON.stringify(text)}`, () => {
    assert.throws(() => splitSkill(text), {
      code: "INVALID_REQUEST",
      message: "it does not begin with a head between two lines of ---",
    });
  });
}

/** Reads a head in the folder "weather". */
function read(...lines: string[]): Promise<Manifest> {
  return readManifest(`---\n${lines.join("\n")}\n---\n`, "weather");
}

const NEEDS_NOTHING = { bins: [], anyBins: [], env: [], config: [], os: [] };

/** The manifest of a head that says nothing but a description, with what is different in it. */
function expected(more: Partial<Manifest> = {}): Manifest {
  return {
    name: "weather",
    description: "Tells the weather.",
    skillKey: "weather",
    always: false,
    requires: NEEDS_NOTHING,
    install: [],
    ...more,
  };
}

const DESCRIBED = "description: Tells the weather.";

const READ: readonly [about: string, lines: string[], more: Partial<Manifest>][] = [
  ["the folder names it when it does not", [], {}],
  ["its own name stands above the folder's", ["name: rain"], { name: "rain", skillKey: "rain" }],
  ["a number is a name too", ["name: 42"], { name: "42", skillKey: "42" }],
  [
    "blanks and line ends in a text are one blank",
    ["homepage: 'https://a.example'"],
    { homepage: "https://a.example" },
  ],
  ["a homepage that is no web address is left out", ["homepage: 'javascript:alert(1)'"], {}],
  ["the block may be JSON in a string", [`metadata: '{"moltbot":{"emoji":"🌦"}}'`], { emoji: "🌦" }],
  ["a string that is no JSON says nothing", ["metadata: '{moltbot'"], {}],
  ["the block may bear an older name", ["metadata: { clawdbot: { always: true } }"], { always: true }],
  ["the block may bear another name", ["metadata: { openclaw: { always: true } }"], { always: true }],
  ["the block may stand there without a name", ["metadata: { always: true }"], { always: true }],
  [
    "the product's own name comes first",
    ["metadata: { openclaw: { emoji: a }, moltbot: { emoji: b } }"],
    { emoji: "b" },
  ],
  ["always is true or nothing", ["metadata: { moltbot: { always: 'yes' } }"], {}],
  ["a key for its settings", ["metadata: { moltbot: { skillKey: rainy } }"], { skillKey: "rainy" }],
  ["a key that is none is its name", ["metadata: { moltbot: { skillKey: ../up } }"], {}],
  ["a variable for its key", ["metadata: { moltbot: { primaryEnv: WEATHER_KEY } }"], { primaryEnv: "WEATHER_KEY" }],
  [
    "a variable that makes programs load something is left out",
    ["metadata: { moltbot: { primaryEnv: LD_PRELOAD } }"],
    {},
  ],
  [
    "what it requires",
    [
      "metadata: { moltbot: { requires: { bins: [curl, ../sh], anyBins: rg, env: [KEY, 1X], config: [a.b] }, os: [linux] } }",
    ],
    { requires: { bins: ["curl"], anyBins: ["rg"], env: ["KEY"], config: ["a.b"], os: ["linux"] } },
  ],
  [
    "no more than 32 programs",
    [
      `metadata: { moltbot: { requires: { bins: [${Array.from({ length: 40 }, (_, index) => `p${index}`).join(", ")}] } } }`,
    ],
    { requires: { ...NEEDS_NOTHING, bins: Array.from({ length: 32 }, (_, index) => `p${index}`) } },
  ],
];
for (const [about, lines, more] of READ) {
  test(`a head is read: ${about}`, async () => {
    assert.deepEqual(await read(DESCRIBED, ...lines), expected(more));
  });
}

test("a description is one line, cut at 1024 characters", async () => {
  const { description } = await read("description: |", "  Tells", `  the ${"w".repeat(1_100)}`);

  assert.equal(description, `Tells the ${"w".repeat(1_014)}`);
});

const BROKEN: readonly [about: string, lines: string[], message: string | RegExp][] = [
  ["no description", ["name: rain"], "it has no description"],
  ["a blank description", ["description: ' '"], "it has no description"],
  ["no map", ["- a"], "it has no description"],
  ["a path as its name", [DESCRIBED, "name: a/b"], "its name must be letters, digits, dots, - and _, 64 at most"],
  ["a hidden name", [DESCRIBED, "name: .a"], "its name must be letters, digits, dots, - and _, 64 at most"],
  ["no YAML", ["a: [b"], /^its head is not YAML: see its line 1, column \d+$/],
  [
    "a text that stands for another many times",
    ["a: &a [b]", "c: *a"],
    /^its head is not YAML that may be read: a name in it stands for too much$/,
  ],
];
for (const [about, lines, message] of BROKEN) {
  test(`a head is refused: ${about}`, async () => {
    await assert.rejects(read(...lines), { code: "INVALID_REQUEST", message });
  });
}

const STEPS: readonly [about: string, step: string, shown: InstallStep | undefined][] = [
  [
    "one that says everything",
    "{ id: b, kind: brew, formula: curl, label: Get curl, bins: [curl, '../x'], os: [darwin] }",
    { id: "b", kind: "brew", what: "curl", label: "Get curl", bins: ["curl"], os: ["darwin"] },
  ],
  ...(
    [
      ["brew", "formula"],
      ["node", "package"],
      ["go", "module"],
      ["uv", "package"],
      ["download", "url"],
    ] as const
  ).map(([kind, word]): (typeof STEPS)[number] => [
    `the ${word} of ${kind}`,
    `{ kind: ${kind}, ${word}: it }`,
    { id: `${kind}-0`, kind, what: "it", label: `Install it (${kind})`, bins: [], os: [] },
  ]),
  ["a kind that there is not", "{ kind: apt, package: curl }", undefined],
  ["another kind's word", "{ kind: node, formula: curl }", undefined],
  ["no map", "curl", undefined],
];
for (const [about, step, shown] of STEPS) {
  test(`a way to install is ${shown ? "read" : "left out"}: ${about}`, async () => {
    const { install } = await read(DESCRIBED, `metadata: { moltbot: { install: [${step}] } }`);

    assert.deepEqual(install, shown ? [shown] : []);
  });
}

const VARIABLES: readonly [name: string, harmless: boolean][] = [
  ["WEATHER_KEY", true],
  ["_x", true],
  ["PATHS", true],
  ["HOMEPAGE", true],
  ["PATH", false],
  ["Path", false],
  ["HOME", false],
  ["LD_PRELOAD", false],
  ["DYLD_INSERT_LIBRARIES", false],
  ["NODE_OPTIONS", false],
  ["PYTHONPATH", false],
  ["GIT_SSH_COMMAND", false],
  ["BASH_ENV", false],
  ["IFS", false],
  ["1X", false],
  ["A-B", false],
  ["A=B", false],
  ["", false],
];
for (const [name, harmless] of VARIABLES) {
  test(`the variable ${JSON.stringify(name)} ${harmless ? "may" : "must not"} be set for commands`, () => {
    assert.equal(isHarmlessVariable(name), harmless);
  });
}
