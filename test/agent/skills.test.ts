// Skills: found in their folders, judged by what they need, listed in the prompt and read when needed.
import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { readManifest } from "../../packages/gateway/src/slices/agent/skills/manifest.ts";
import { newDeviceKey } from "../support/device-key.ts";
import { workspaceStage } from "./workspace-stage.ts";

/** Writes a skill's folder. */
function shelve(shelf: string, name: string, head: string, body = "Do it well."): string {
  const folder = join(shelf, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "SKILL.md"), `---\n${head}\n---\n\n${body}\n`);
  return folder;
}

/** A program that says what it was called with, and ends with a code. */
function program(folder: string, name: string, script = 'echo "$(basename $0) $*"'): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
}

const WEATHER = "name: weather\ndescription: Tells the weather.";
const needs = (json: string) => `${WEATHER}\nmetadata: '${json}'`;

/** The names of an agent's skills, each with its source, and "!" when it cannot be used. */
async function namesIn({ client }: { client: { call(name: string, params: object): Promise<unknown> } }) {
  const { skills } = (await client.call("skills.status", {})) as {
    skills: { name: string; source: string; eligible: boolean }[];
  };
  return skills.map(({ name, source, eligible }) => `${name} (${source})${eligible ? "" : "!"}`);
}

describe("skills", () => {
  test("of the workspace stand before managed ones, and those before further folders", async () => {
    await using here = await workspaceStage({ config: { skills: { load: { extraDirs: ["more"] } } } });
    const { stateDir } = here.gateway;
    const shelves = [join(here.folder, "skills"), join(stateDir, "skills"), join(stateDir, "more")];
    for (const shelf of shelves) shelve(shelf, "a", "name: a\ndescription: A.");
    for (const shelf of shelves.slice(1)) shelve(shelf, "b", "name: b\ndescription: B.");
    shelve(shelves[2]!, "c", "description: C.");

    assert.deepEqual(await namesIn(here), ["a (workspace)", "b (managed)", "c (extra)"]);
  });

  test("are listed in the prompt, and read in full by the tool", async () => {
    await using here = await workspaceStage();
    const folder = shelve(join(here.folder, "skills"), "weather", WEATHER, "Run {baseDir}/ask.sh.");
    writeFileSync(join(folder, "ask.sh"), "curl …");

    const prompt = await here.promptOf("Hello.");

    assert.ok(prompt.includes(`- weather: Tells the weather. (in ${folder})`));
    assert.doesNotMatch(prompt, /ask\.sh/);
    assert.equal(
      await here.call("skill", { name: "weather" }),
      `[weather, in ${folder}; its other files: ask.sh]\n\nRun ${folder}/ask.sh.`,
    );
    assert.equal(await here.call("skill", { name: "weather", file: "ask.sh" }), "curl …");
    assert.match(await here.call("skill", { name: "climate" }), /there is no skill "climate" .* there are weather/);
  });

  test("that cannot work here are not listed, and the status says what is missing", async () => {
    await using here = await workspaceStage();
    const requires = { bins: ["no-such-program"], env: ["NO_SUCH_VARIABLE"], config: ["channels.nowhere.enabled"] };
    shelve(join(here.folder, "skills"), "weather", needs(JSON.stringify({ moltbot: { requires, primaryEnv: "KEY" } })));

    const { skills } = await here.client.call("skills.status", {});

    const { eligible, missing, configChecks, requirements } = skills[0];
    assert.equal(eligible, false);
    assert.deepEqual(missing, { ...requires, anyBins: [], os: [] });
    assert.deepEqual(requirements, missing);
    assert.deepEqual(configChecks, [{ path: "channels.nowhere.enabled", value: null, satisfied: false }]);
    assert.doesNotMatch(await here.promptOf("Hello."), /weather/);
  });

  test("that are no skills are named with what is wrong, and links are not followed", async () => {
    await using here = await workspaceStage();
    const shelf = join(here.folder, "skills");
    shelve(shelf, "bare", "name: bare");
    shelve(shelf, "broken", "name: [");
    writeFileSync(join(shelve(shelf, "headless", ""), "SKILL.md"), "Just text.");
    const elsewhere = shelve(join(here.gateway.stateDir, "elsewhere"), "hidden", "name: hidden\ndescription: H.");
    symlinkSync(elsewhere, join(shelf, "linked"));
    const weather = shelve(shelf, "weather", WEATHER);
    symlinkSync(join(here.gateway.stateDir, "state.db"), join(weather, "notes.md"));

    const { skills, broken } = await here.client.call("skills.status", {});

    assert.deepEqual(
      skills.map(({ name }: { name: string }) => name),
      ["weather"],
    );
    assert.deepEqual(
      broken.map(({ folder, problem }: Record<string, string>) =>
        `${folder?.split("/").at(-1)}: ${problem}`.slice(0, 40),
      ),
      [
        "bare: it has no description",
        "broken: its head is not YAML: see its li",
        "headless: it does not begin with a head ",
      ],
    );
    for (const file of ["notes.md", "../../USER.md", "/etc/passwd"]) {
      assert.match(await here.call("skill", { name: "weather", file }), /^skill: .*(link|outside)/);
    }
  });

  test("can be limited to some, and switched off", async () => {
    await using here = await workspaceStage({ config: { skills: { allow: ["a", "b"] } } });
    for (const name of ["a", "b", "c"]) shelve(join(here.folder, "skills"), name, `name: ${name}\ndescription: X.`);

    const { config } = await here.client.call("skills.update", { skillKey: "b", enabled: false });

    assert.deepEqual(config, { enabled: false });
    assert.deepEqual(await namesIn(here), ["a (workspace)", "b (workspace)!", "c (workspace)!"]);
  });
});

describe("a skill's key and variables", () => {
  test("are kept in the config, make it usable, and are shown to nobody", async () => {
    await using here = await workspaceStage();
    const own = { requires: { env: ["WEATHER_KEY", "WEATHER_CITY"] }, primaryEnv: "WEATHER_KEY" };
    shelve(join(here.folder, "skills"), "weather", needs(JSON.stringify({ clawdbot: own })));
    assert.deepEqual(await namesIn(here), ["weather (workspace)!"]);

    const set = { skillKey: "weather", apiKey: "key-123456", env: { WEATHER_CITY: "Ghent-by-night" } };
    const { config } = await here.client.call("skills.update", set);

    assert.deepEqual(config, { apiKey: "__REDACTED__", env: { WEATHER_CITY: "__REDACTED__" } });
    assert.deepEqual(await namesIn(here), ["weather (workspace)"]);
    const shown = JSON.stringify([
      await here.client.call("config.get", {}),
      await here.client.call("skills.status", {}),
    ]);
    assert.doesNotMatch(shown, /"key-123456|Ghent-by-night/);
    assert.match(here.gateway.readConfig(), /key-123456/);
    await here.client.call("skills.update", { skillKey: "weather", apiKey: "", env: { WEATHER_CITY: "" } });
    assert.doesNotMatch(here.gateway.readConfig(), /"key-123456"|Ghent/);
  });

  test("cannot be ones that change what programs load", async () => {
    await using here = await workspaceStage();

    for (const name of ["LD_PRELOAD", "NODE_OPTIONS", "PATH", "A=B", ""]) {
      const { error } = await here.client.request("skills.update", { skillKey: "x", env: { [name]: "1" } });
      assert.match(error?.message ?? "", /is not a variable that a skill may set/);
    }
    const { error } = await here.client.request("skills.update", { skillKey: "__proto__", enabled: true });
    assert.match(error?.message ?? "", /skillKey must be letters/);
  });

  test("cannot be a key that no service takes", async () => {
    await using here = await workspaceStage();

    const { error } = await here.client.request("skills.update", { skillKey: "x", apiKey: "one\ntwo" });

    assert.equal(error?.message, "apiKey holds a line break, which no key does; copy the key again, on one line");
  });
});

describe("skills.install", () => {
  const steps = [
    { id: "npm", kind: "node", package: "@scope/weather@^1.2", bins: ["weather"] },
    { id: "flag", kind: "node", package: "--registry=http://elsewhere" },
    { id: "go", kind: "go", module: "example.org/weather@latest" },
    { id: "slow", kind: "uv", package: "weather" },
    { id: "get", kind: "download", url: "http://example.org/weather" },
    { id: "inside", kind: "download", url: "https://127.0.0.1:9/weather" },
    { id: "zip", kind: "download", url: "https://example.org/weather.zip" },
  ];
  const stageWith = async () => {
    const bin = mkdtempSync(join(tmpdir(), "moltbot-bin-"));
    after(() => rmSync(bin, { recursive: true }));
    program(bin, "npm");
    program(bin, "uv", "sleep 60");
    const here = await workspaceStage({ options: { env: { PATH: `${bin}:/usr/bin:/bin` } } });
    shelve(join(here.folder, "skills"), "weather", needs(JSON.stringify({ moltbot: { install: steps } })));
    return here;
  };

  test("runs the installer that the skill names, with the name as one argument", async () => {
    await using here = await stageWith();

    const installed = await here.client.call("skills.install", { name: "weather", installId: "npm" });

    assert.deepEqual(installed, {
      ok: true,
      message: "installed @scope/weather@^1.2; weather cannot be found on PATH yet",
      stdout: "npm install --global --ignore-scripts @scope/weather@^1.2\n",
      stderr: "",
      code: 0,
    });
  });

  const refusals: readonly [installId: string, code: string, message: RegExp][] = [
    ["nothing", "INVALID_REQUEST", /weather has no way to install "nothing"; it has npm, flag, go/],
    ["flag", "INVALID_REQUEST", /is not the name of a package/],
    [
      "go",
      "UNAVAILABLE",
      /the program go is not installed here \(see https:\/\/go\.dev\/dl\); install it, then try again/,
    ],
    ["slow", "UNAVAILABLE", /uv did not end within 1 s and was stopped/],
    ["get", "INVALID_REQUEST", /is not an https address/],
    ["inside", "UNAVAILABLE", /127\.0\.0\.1/],
    ["zip", "UNAVAILABLE", /is an archive, and archives are not unpacked here/],
  ];

  for (const [installId, code, message] of refusals) {
    test(`says what is wrong with "${installId}"`, async () => {
      await using here = await stageWith();

      const { error, payload } = await here.client.request("skills.install", {
        ...{ name: "weather", installId, timeoutMs: 1_000 },
      });

      assert.equal(error?.code, code);
      assert.match(error?.message ?? "", message);
      assert.equal(payload?.ok, code === "UNAVAILABLE" ? false : undefined);
      assert.equal(existsSync(join(here.gateway.stateDir, "tools")), false);
    });
  }
});

test("a node is told which programs skills ask for", async () => {
  await using here = await workspaceStage();
  const own = {
    requires: { bins: ["zeta"], anyBins: ["alpha"] },
    install: [{ kind: "brew", formula: "m", bins: ["mu"] }],
  };
  shelve(join(here.folder, "skills"), "weather", needs(JSON.stringify({ openclaw: own })));
  const node = await here.gateway.connect({
    device: newDeviceKey(),
    role: "node",
    client: { id: "node-host", mode: "node" },
  });

  assert.deepEqual(await node.call("skills.bins", {}), { bins: ["alpha", "mu", "zeta"] });
});

describe("SKILL.md", () => {
  const text = (head: string) => `---\n${head}\n---\nBody.`;

  test("is read as the AgentSkills format has it, with the product's block as YAML or as JSON", async () => {
    const yaml =
      "metadata:\n  moltbot:\n    emoji: ☀️\n    always: true\n    os: [linux, darwin]\n    requires: { bins: curl }";
    const json = `metadata: {"openclaw":{"emoji":"☀️","always":true,"os":["linux","darwin"],"requires":{"bins":["curl"]}}}`;

    const [one, other] = await Promise.all(
      [yaml, json].map((block) => readManifest(text(`${WEATHER}\nhomepage: https://wttr.in\n${block}`), "folder")),
    );

    assert.deepEqual(one, other);
    assert.deepEqual(one, {
      name: "weather",
      description: "Tells the weather.",
      homepage: "https://wttr.in",
      emoji: "☀️",
      skillKey: "weather",
      always: true,
      requires: { bins: ["curl"], anyBins: [], env: [], config: [], os: ["linux", "darwin"] },
      install: [],
    });
  });

  test("cannot name programs by path, dangerous variables, or a page that is none", async () => {
    const own = { requires: { bins: ["../evil", "curl"] }, primaryEnv: "LD_PRELOAD", homepage: "javascript:alert(1)" };

    const { requires, primaryEnv, homepage } = await readManifest(
      text(`${WEATHER}\nmetadata: ${JSON.stringify({ moltbot: own })}`),
      "folder",
    );

    assert.deepEqual([requires.bins, primaryEnv, homepage], [["curl"], undefined, undefined]);
  });

  for (const [head, problem] of [
    ["name: a/b\ndescription: X.", /its name must be letters/],
    ["a: &a [1]\nb: *a\ndescription: X.", /its head is not YAML/],
    ["description: ' '", /it has no description/],
  ] as const) {
    test(`${JSON.stringify(head)} is refused`, async () => {
      await assert.rejects(readManifest(text(head), "folder"), problem);
    });
  }
});

test("what is given to commands is what usable skills are given, and nothing else", async () => {
  const { Skills } = await import("../../packages/gateway/src/slices/agent/skills/skills.ts");
  await using here = await workspaceStage();
  const shelf = join(here.folder, "skills");
  shelve(shelf, "weather", needs('{"moltbot":{"primaryEnv":"WEATHER_KEY"}}'));
  shelve(shelf, "off", "name: off\ndescription: Off.");
  const entries = {
    weather: { apiKey: "k", env: { CITY: "Ghent", LD_PRELOAD: "/evil.so" } },
    off: { enabled: false, env: { OFF: "1" } },
  };
  const skills = new Skills({
    ...({ stateDir: here.gateway.stateDir, env: {}, clock: { monotonic: () => 0 } } as object),
    config: { of: () => ({ current: { entries, load: {}, install: {} } }), snapshot: () => ({ config: {} }) },
    workspace: { pathOf: () => here.folder },
  } as never);

  await skills.usable("main");

  assert.deepEqual(skills.envFor("main"), { WEATHER_KEY: "k", CITY: "Ghent" });
  assert.ok(readFileSync(join(shelf, "weather/SKILL.md"), "utf8").startsWith("---"));
});
