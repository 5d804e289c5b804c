import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, test } from "node:test";
import { type Eligibility, entryOf, type Facts, findProgram, judge } from "./eligibility.ts";
import type { Skill } from "./library.ts";
import type { Requirements } from "./manifest.ts";
import type { SkillSettings } from "./settings.ts";

const NOTHING: Requirements = { bins: [], anyBins: [], env: [], config: [], os: [] };

function skill(requires: Partial<Requirements> = {}, more: Partial<Skill> = {}): Skill {
  return {
    name: "weather",
    description: "Tells the weather.",
    skillKey: "rainy",
    always: false,
    requires: { ...NOTHING, ...requires },
    install: [],
    source: "managed",
    folder: "/skills/weather",
    ...more,
  };
}

function settings(more: Partial<SkillSettings> = {}): SkillSettings {
  return { load: {}, install: { nodeManager: "npm" }, ...more };
}

/** A Linux machine with curl and rg, and little else. */
const FACTS: Facts = {
  settings: settings(),
  env: { KEY: "k", EMPTY: "" },
  config: { web: { enabled: true, limit: 3, key: "secret", off: false, zero: 0 } },
  platform: "linux",
  hasProgram: (name) => name === "curl" || name === "rg",
};

/** A verdict on a skill that may be used, with what is different in it. */
function verdict({
  missing,
  ...more
}: Partial<Omit<Eligibility, "missing">> & { missing?: Partial<Requirements> } = {}) {
  return {
    disabled: false,
    blockedByAllowlist: false,
    eligible: true,
    configChecks: [],
    ...more,
    missing: { ...NOTHING, ...missing },
  };
}

const lacks = (missing: Partial<Requirements>) => verdict({ eligible: false, missing });

const JUDGED: readonly [about: string, skill: Skill, settings: Partial<SkillSettings>, expected: object][] = [
  ["that needs nothing can be used", skill(), {}, verdict()],
  ["with all programs can be used", skill({ bins: ["curl", "rg"] }), {}, verdict()],
  ["lacks the programs that are not there", skill({ bins: ["curl", "jq"] }), {}, lacks({ bins: ["jq"] })],
  ["needs one program of several", skill({ anyBins: ["ag", "rg"] }), {}, verdict()],
  ["lacks them all when none is there", skill({ anyBins: ["ag", "ack"] }), {}, lacks({ anyBins: ["ag", "ack"] })],
  ["has a variable of the environment", skill({ env: ["KEY"] }), {}, verdict()],
  ["lacks an empty variable", skill({ env: ["EMPTY", "OTHER"] }), {}, lacks({ env: ["EMPTY", "OTHER"] })],
  [
    "has a variable of its settings",
    skill({ env: ["OTHER"] }),
    { entries: { rainy: { env: { OTHER: "o" } } } },
    verdict(),
  ],
  [
    "has its main variable by the key in its settings",
    skill({ env: ["OTHER"] }, { primaryEnv: "OTHER" }),
    { entries: { rainy: { apiKey: "k" } } },
    verdict(),
  ],
  [
    "has no other variable by that key",
    skill({ env: ["OTHER"] }, { primaryEnv: "MAIN" }),
    { entries: { rainy: { apiKey: "k" } } },
    lacks({ env: ["OTHER"] }),
  ],
  ["for this platform can be used", skill({ os: ["darwin", "linux"] }), {}, verdict()],
  ["for other platforms cannot", skill({ os: ["darwin"] }), {}, lacks({ os: ["darwin"] })],
  [
    "that is always used is used whatever it lacks",
    skill({ bins: ["jq"], env: ["OTHER"] }, { always: true }),
    {},
    verdict({ missing: { bins: ["jq"], env: ["OTHER"] } }),
  ],
  [
    "that is always used is not used on other platforms",
    skill({ os: ["darwin"] }, { always: true }),
    {},
    lacks({ os: ["darwin"] }),
  ],
  [
    "that is switched off cannot be used",
    skill({}, { always: true }),
    { entries: { rainy: { enabled: false } } },
    verdict({ disabled: true, eligible: false }),
  ],
  [
    "that is not on the list cannot be used",
    skill({}, { always: true }),
    { allow: ["rainy"] },
    verdict({ blockedByAllowlist: true, eligible: false }),
  ],
  ["on the list can be used", skill(), { allow: ["other", "weather"] }, verdict()],
];
for (const [about, judged, more, expected] of JUDGED) {
  test(`a skill ${about}`, () => {
    assert.deepEqual(judge(judged, { ...FACTS, settings: settings(more) }), expected);
  });
}

test("settings that a skill asks for are shown without what is secret", () => {
  const config = [
    "web.enabled",
    "web.limit",
    "web.key",
    "web",
    "web.off",
    "web.zero",
    "web.none",
    "none.at.all",
    "web.toString",
  ];

  const { configChecks, missing, eligible } = judge(skill({ config }), FACTS);

  assert.deepEqual(configChecks, [
    { path: "web.enabled", value: true, satisfied: true },
    { path: "web.limit", value: 3, satisfied: true },
    { path: "web.key", value: "set", satisfied: true },
    { path: "web", value: "set", satisfied: true },
    { path: "web.off", value: false, satisfied: false },
    { path: "web.zero", value: 0, satisfied: false },
    { path: "web.none", value: null, satisfied: false },
    { path: "none.at.all", value: null, satisfied: false },
    { path: "web.toString", value: null, satisfied: false },
  ]);
  assert.deepEqual(missing.config, ["web.off", "web.zero", "web.none", "none.at.all", "web.toString"]);
  assert.equal(eligible, false);
});

const ENTRIES: readonly [about: string, entries: SkillSettings["entries"], entry: object][] = [
  ["none", undefined, {}],
  ["those under its key", { rainy: { apiKey: "a" }, weather: { apiKey: "b" } }, { apiKey: "a" }],
  ["those under its name", { weather: { apiKey: "b" } }, { apiKey: "b" }],
  ["not those of another", { other: { apiKey: "c" } }, {}],
];
for (const [about, entries, entry] of ENTRIES) {
  test(`the settings of a skill: ${about}`, () => {
    assert.deepEqual(entryOf(skill(), settings(entries && { entries })), entry);
  });
}

test("a skill whose key every object has gets no settings by it", () => {
  assert.deepEqual(entryOf(skill({}, { skillKey: "toString", name: "constructor" }), settings({ entries: {} })), {});
});

const folder = mkdtempSync(join(tmpdir(), "moltbot-programs-"));
after(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, "runs"), "");
chmodSync(join(folder, "runs"), 0o700);
writeFileSync(join(folder, "text"), "", { mode: 0o600 });
mkdirSync(join(folder, "folder"));
symlinkSync("runs", join(folder, "link"));
symlinkSync("nowhere", join(folder, "broken"));

const PROGRAMS: readonly [name: string, path: string | undefined, found: boolean][] = [
  ["runs", folder, true],
  ["runs", ["/nowhere", folder].join(delimiter), true],
  ["link", folder, true],
  ["folder", folder, false],
  ["broken", folder, false],
  ["none", folder, false],
  ["runs", "/nowhere", false],
  ["runs", "", false],
  ["runs", undefined, false],
];
for (const [name, path, found] of PROGRAMS) {
  test(`${name} is ${found ? "" : "not "}found on ${path?.replaceAll(folder, "the folder") ?? "no path"}`, () => {
    assert.equal(findProgram(name, path === undefined ? {} : { PATH: path }), found);
  });
}

test("a file that may not be executed is no program", () => {
  assert.equal(findProgram("text", { PATH: folder }), false);
});
