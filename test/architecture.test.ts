// Who may know whom. Each rule is a row; a test's failure names the rule and the imports that break it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { SLICES } from "../packages/gateway/src/catalog.ts";
import {
  circlesIn,
  findCycle,
  type Import,
  importsOf,
  loadedWith,
  ROOT,
  readSources,
  readTexts,
  withoutComments,
} from "./support/imports.ts";

const GATEWAY = "packages/gateway/src/";
const sources = readSources("packages/*/src/**/*.ts");
/** Everything that people write and read, tests and scripts too. */
const texts = readTexts("{packages/*/src,scripts,test}/**/*.{ts,mjs}");
/** The texts that these rules are about: this file has samples of what they forbid. */
const others = [...texts].filter(([path]) => path !== "test/architecture.test.ts");
const imports = [...sources].flatMap(([path, text]) => importsOf(path, text));
const values = imports.filter(({ kind }) => kind === "value");
/** A start loads the services too, which slices name as dynamic imports; the build makes them static. */
const atStart = imports.map((each): Import => (isService(each) ? { ...each, kind: "value" } : each));

function isService({ from, kind }: Import): boolean {
  return kind === "dynamic" && /\/slices\/[^/]+\/[^/]+\/slice\.ts$/.test(from);
}

/** A rule about imports: those of the files it is about must all be allowed. */
interface Rule {
  readonly rule: string;
  /** The files it is about, under `packages/gateway/src` unless a package is named. */
  readonly files: RegExp;
  /** What they may import, files and packages. */
  readonly allows: RegExp;
  /** Which imports count; values, static and dynamic, by default. */
  readonly kinds?: readonly Import["kind"][];
  /** Files that are excused, each with the reason. */
  readonly except?: Readonly<Record<string, string>>;
}

const RULES: readonly Rule[] = [
  {
    rule: "base knows nothing of messaging",
    files: /^base\//,
    allows: /^(base\/|node:|json5$|jsonc-parser$|croner$|packages\/gateway\/package\.json$)/,
    kinds: ["value", "type", "dynamic"],
  },
  {
    rule: "kit rests on base and typebox",
    files: /^kit\//,
    allows: /^(kit\/|base\/|@sinclair\/typebox$|@moltbot\/markdown$)/,
    except: { "kit/text/markdown.ts": "reads Markdown with marked, and is reached by dynamic import only" },
  },
  {
    rule: "server knows no slice and no method",
    files: /^server\//,
    allows: /^(server\/|kit\/|base\/|node:|@moltbot\/protocol$|@sinclair\/typebox$|ws$|selfsigned$)/,
  },
  {
    rule: "server knows no type of a slice",
    files: /^server\//,
    allows: /^(?!slices\/)/,
    kinds: ["type"],
  },
  {
    rule: "slices know nothing of the server, of the command line, or of what joins them",
    files: /^slices\//,
    allows: /^(?!server\/|cli\/|start\/|catalog\.ts)/,
    kinds: ["value", "type", "dynamic"],
  },
  {
    rule: "the start names no slice: it opens the list",
    files: /^start\//,
    allows: /^(?!slices\/)/,
    kinds: ["value", "type", "dynamic"],
  },
  {
    rule: "the catalog names slices and channels, and nothing else",
    files: /^catalog\.ts$/,
    allows:
      /^(kit\/slice\.ts|slices\/[^/]+\/[^/]+\/index\.ts|channels\/index\.ts|slices\/surfaces\/messaging\/settings\.ts)$/,
  },
  {
    rule: "the list of channels has one line for each",
    files: /^channels\/index\.ts$/,
    allows: /^(channels\/[^/]+\/channel\.ts|kit\/channel\.ts)$/,
    kinds: ["value", "type"],
  },
  {
    rule: "channels never see sessions, agents or the wire",
    files: /^channels\//,
    allows: /^(?!slices\/|server\/|cli\/|start\/|catalog\.ts)/,
    kinds: ["value", "type", "dynamic"],
  },
  {
    rule: "a channel's definition loads no SDK",
    files: /^channels\/[^/]+\/channel\.ts$/,
    allows: /^(channels\/|kit\/|base\/|node:|@sinclair\/typebox$)/,
    kinds: ["value"],
  },
  {
    rule: "the fake platforms know nothing of the gateway",
    files: /^packages\/fakes\//,
    allows: /^(packages\/fakes\/|node:|@whiskeysockets\/baileys$|ws$|selfsigned$)/,
    kinds: ["value", "type", "dynamic"],
  },
  {
    rule: "A2UI knows nothing of the gateway",
    files: /^packages\/a2ui\//,
    allows: /^(packages\/a2ui\/|@a2ui\/(lit|web_core)(\/|$)|lit(\/|$))/,
    kinds: ["value", "type", "dynamic"],
  },
  {
    rule: "definitions reach the gateway through the call only",
    files: /^slices\/[^/]+\/[^/]+\/(methods|events|schema|settings)\.ts$/,
    allows: /^(kit\/|base\/(errors|defined)\.ts$|@sinclair\/typebox$|slices\/[^/]+\/[^/]+\/(schema|slice|tidy)\.ts$)/,
    kinds: ["value"],
  },
  {
    rule: "a slice's light half is made of what other slices' light halves say",
    files: /^slices\/[^/]+\/[^/]+\/slice\.ts$/,
    allows: /^(kit\/slice\.ts$|slices\/[^/]+\/[^/]+\/slice\.ts$)/,
    kinds: ["value", "type"],
  },
  {
    rule: "a slice's index names its parts",
    files: /^slices\/[^/]+\/[^/]+\/index\.ts$/,
    allows: /^(kit\/|slices\/[^/]+\/[^/]+\/(slice|keys|methods|events|settings|tables|tools|commands)(\/index)?\.ts$)/,
  },
  {
    rule: "the command line speaks to the gateway in the protocol",
    files: /^cli\//,
    allows: /^(cli\/|base\/|node:|@moltbot\/(?:protocol|markdown)$|ws$|json5$|uqr$|marked$)/,
    except: {
      "cli/commands/gateway-run.ts": "starts the gateway",
      "cli/import/open.ts": "opens our state while no gateway runs",
      "cli/updating/offline.ts": "updates our state while no gateway runs",
      "cli/drill/platforms.ts": "starts the fake platforms of the drill",
      "cli/drill/drill.ts": "drives the fake platforms of the drill",
      "cli/node-host/gateway-rules.ts": "a node keeps the gateway's own rules for commands",
      "cli/sections.ts": "checks a config file while no gateway runs, against the same definitions",
    },
  },
  {
    rule: "the reader of Markdown knows nothing of the gateway",
    files: /^packages\/markdown\//,
    allows: /^(packages\/markdown\/|marked$)/,
    kinds: ["value", "type", "dynamic"],
  },
  {
    rule: "@moltbot/protocol has no dependencies",
    files: /^packages\/protocol\//,
    allows: /^packages\/protocol\//,
    kinds: ["value", "type", "dynamic"],
  },
  {
    rule: "the web pages speak to the gateway in the protocol",
    files: /^packages\/web\//,
    allows: /^(packages\/web\/|@moltbot\/(?:protocol|markdown)$|lit$|marked$|dompurify$|uqr$|highlight\.js$|temml$)/,
    kinds: ["value", "type", "dynamic"],
  },
];

/** As the rules spell paths: without the gateway's folder. */
function short(path: string): string {
  return path.startsWith(GATEWAY) ? path.slice(GATEWAY.length) : path;
}

function shown({ from, to }: Import): string {
  return `${short(from)} → ${short(to)}`;
}

describe("imports", () => {
  for (const { rule, files, allows, kinds = ["value", "dynamic"], except = {} } of RULES) {
    test(rule, () => {
      const own = imports.filter(({ from, kind }) => files.test(short(from)) && kinds.includes(kind));
      const wrong = own.filter(({ from, to }) => !allows.test(short(to)) && !Object.hasOwn(except, short(from)));

      assert.deepEqual(wrong.map(shown), []);
    });

    test(`${rule}: the rule and its exceptions are about files that exist`, () => {
      const paths = [...sources.keys()].map(short);

      assert.ok(paths.some((path) => files.test(path)));
      assert.deepEqual(
        Object.keys(except).filter((path) => !paths.includes(path)),
        [],
      );
    });
  }

  test("a slice uses only slices above it in the catalog, and of those the service, schemas and events", () => {
    const order = SLICES.map(({ name }) => name);
    const wrong = values.filter(({ from, to }) => {
      const [user, used] = [sliceOf(from), sliceOf(to)];
      if (user === undefined || used === undefined || user === used) return false;
      const isPublic = new RegExp(`/${used}/(${used}|schema|events)\\.ts$`).test(to);
      if (/\/slice\.ts$/.test(from) && /\/slice\.ts$/.test(to)) return order.indexOf(used) > order.indexOf(user);
      return order.indexOf(used) > order.indexOf(user) || !isPublic;
    });

    assert.deepEqual(wrong.map(shown), []);
  });

  test("a floor of slices uses the floors beneath it, types included", () => {
    const wrong = imports.filter(({ from, to }) => {
      const [user, used] = [floorOf(from), floorOf(to)];
      return user !== undefined && used !== undefined && FLOORS.indexOf(used) > FLOORS.indexOf(user);
    });

    assert.deepEqual(wrong.map(shown), []);
  });

  test("the floors are those of the folders", () => {
    const floors = new Set([...sources.keys()].map(floorOf).filter((floor) => floor !== undefined));

    assert.deepEqual(
      [...floors].filter((floor) => !FLOORS.includes(floor)),
      [],
    );
  });

  test("of values there are no cycles", () => {
    assert.equal(findCycle(atStart)?.map(short).join(" → "), undefined);
  });

  test("a slice's light half is imported by its own files, and by the light halves of others", () => {
    const wrong = imports.filter(({ from, to }) => {
      const owner = /\/slices\/[^/]+\/([^/]+)\/slice\.ts$/.exec(to)?.[1];
      return owner !== undefined && sliceOf(from) !== owner && !/\/slices\/[^/]+\/[^/]+\/slice\.ts$/.test(from);
    });

    assert.deepEqual(wrong.map(shown), []);
  });

  test("circles of imports, types included, do not grow", () => {
    const [largest = []] = circlesIn(imports);

    assert.ok(largest.length <= LARGEST_CIRCLE, `the largest circle is ${largest.map(short).join(" ")}`);
    assert.ok(largest.length === LARGEST_CIRCLE, `it has fallen: set LARGEST_CIRCLE to ${largest.length}`);
  });

  test("a start loads no model SDK, no channel SDK and no web code", () => {
    const loaded = [
      ...loadedWith(`${GATEWAY}start/supervise.ts`, atStart),
      ...loadedWith(`${GATEWAY}cli/main.ts`, atStart),
    ];

    assert.ok(loaded.includes(`${GATEWAY}slices/agent/agent/agent.ts`));
    assert.deepEqual(
      loaded.filter((path) => LATER.test(path)),
      [],
    );
  });

  test("the catalog loads no socket, database or SDK", () => {
    const loaded = [...loadedWith(`${GATEWAY}catalog.ts`, imports)];

    assert.deepEqual(
      loaded.filter((path) => LATER.test(path) || /^(ws|selfsigned|node:(sqlite|http|https|net|tls))$/.test(path)),
      [],
    );
  });
});

/** Files in the largest circle of imports. This number may only fall. */
const LARGEST_CIRCLE = 4;

/** The floors of the slices, from the bottom up. */
const FLOORS = ["core", "agent", "surfaces", "automation", "operations"];

function floorOf(path: string): string | undefined {
  return /^packages\/gateway\/src\/slices\/([^/]+)\//.exec(path)?.[1];
}

/** Loaded when first used. */
const LATER =
  /^(ai|@ai-sdk\/.*|@agentclientprotocol\/.*|@mozilla\/.*|linkedom|turndown|unbash|yaml|zod|jose|lit|marked|dompurify|file-type|uqr|@moltbot\/(web|fakes))$|^(grammy|@slack|@discordjs|discord-api-types|@whiskeysockets)\b|^packages\/(web|fakes)\//;

function sliceOf(path: string): string | undefined {
  return /^packages\/gateway\/src\/slices\/[^/]+\/([^/]+)\//.exec(path)?.[1];
}

describe("packages that are loaded when needed", () => {
  const DYNAMIC = /([^\n;]*)\bimport\("((?![.]|node:|@moltbot\/)[^"]+)"\)/g;

  test("are taken by their default where they are CommonJS: in the bundle they have no other name", () => {
    const inGateway = [...sources].filter(([path]) => path.startsWith(GATEWAY));
    const imported = inGateway.flatMap(([path, text]) =>
      [...text.matchAll(DYNAMIC)].map(([, before = "", name = ""]) => ({ path: short(path), before, name })),
    );
    const common = imported.filter(({ before, name }) => !/typeof|type /.test(before) && isCommonJs(name));

    assert.ok(common.length > 0);
    assert.deepEqual(
      common.filter(({ before }) => !before.includes("{ default: ")),
      [],
    );
  });
});

/** Whether `import()` of a package gives a CommonJS module, by its package.json. */
function isCommonJs(name: string): boolean {
  const manifest = JSON.parse(readFileSync(join(ROOT, "node_modules", name, "package.json"), "utf8"));
  const entry = fileURLToPath(import.meta.resolve(name));
  return entry.endsWith(".cjs") || (entry.endsWith(".js") && manifest.type !== "module");
}

describe("the world outside", () => {
  const AMBIENT =
    /\bprocess\.(?:env|hrtime|uptime)\b|\bDate\.now\b|\bnew Date(?:\(\)|\b(?!\())|(?<!new )\bDate\(\)|\bperformance\.(?:now|timeOrigin)\b|\bset(?:Timeout|Interval)\b|\bconsole\./g;

  for (const use of [
    ..."Date.now()|map(Date.now)|new Date()|new Date;|Date()|performance.now()|process.hrtime.bigint()".split("|"),
    ..."process.uptime()|setTimeout(f)|import { setTimeout as sleep }|process.env.HOME|console.log".split("|"),
  ]) {
    test(`${use} is such a reach`, () => assert.match(use, new RegExp(AMBIENT.source)));
  }

  test("a time that is given is none", () => {
    assert.doesNotMatch("new Date(at); Date.parse(text); Date.UTC(2026); type A = Date;", new RegExp(AMBIENT.source));
  });

  test("clock, environment and console are reached from base and the command line only", () => {
    const inside = [...sources].filter(([path]) => path.startsWith(GATEWAY) && !/^(base|cli)\//.test(short(path)));
    const wrong = inside.flatMap(([path, text]) =>
      [...text.matchAll(AMBIENT)].map(([use]) => `${short(path)}: ${use}`),
    );

    assert.deepEqual(wrong, []);
  });
});

describe("tables", () => {
  test("are read and written by their own slice only", () => {
    const owners = SLICES.flatMap(({ name, tables }) =>
      tables
        .flatMap(({ steps }) => [...steps.join("\n").matchAll(/create (?:virtual )?table (?:if not exists )?(\w+)/gi)])
        .map(([, table = ""]) => ({ slice: name, use: usesOf(table) })),
    );
    const wrong = owners.flatMap(({ slice, use }) =>
      [...sources]
        // The databases of other gateways have tables of the same names.
        .filter(([path]) => !short(path).startsWith("slices/operations/imports/read/"))
        .filter(([path, text]) => path.startsWith(GATEWAY) && sliceOf(path) !== slice && use.test(text))
        .map(([path, text]) => `${short(path)}: ${use.exec(text)?.[0]} belongs to ${slice}`),
    );

    assert.ok(owners.length > 0);
    assert.deepEqual(wrong, []);
  });
});

/** Where a table is read or written, in SQL or by `base/store/statement.ts`. */
function usesOf(table: string): RegExp {
  return new RegExp(`(?:\\b(?:from|into|update|join|table) |Into\\(\\s*")${table}\\b`, "i");
}

describe("statements", () => {
  const STATEMENT =
    /(["`])\s*(?:insert (?:or \w+ )?into|replace into|update \w+|delete from|select|with)\s(?:(?!\1).)*\1/gis;
  const far = (text: string) =>
    [...text.matchAll(STATEMENT)]
      .map(([sql]) => sql.replace(/'[^']*'/g, "''"))
      .filter((sql) => sql.split("?").length > 5);

  test("have four places for values at most; more are named, by base/store/statement.ts", () => {
    const wrong = [...sources]
      .filter(([path]) => path.startsWith(GATEWAY) && !path.endsWith(".test.ts"))
      .flatMap(([path, text]) => far(text).map((sql) => `${short(path)}: ${sql}`));

    assert.deepEqual(wrong, []);
  });

  for (const sql of [
    '"insert into birds values (?, ?, ?, ?, ?)"',
    "`update birds set a = ?, b = ?,\n c = ?, d = ? where id = ?`",
    "`select name from birds where (?1 is null or a = ?1) and (?2 is null or b = ?2) and c = ?3`",
  ]) {
    test(`${sql.replace(/\s+/g, " ")} has more`, () => assert.equal(far(sql).length, 1));
  }
});

describe("messages", () => {
  test("are changed by the transcript only: it knows what is kept in memory of them", () => {
    const CHANGE = /(?:\b(?:insert into|update|delete from) |Into\(\s*")messages\b/i;
    const changing = [...sources].filter(([path, text]) => !path.endsWith(".test.ts") && CHANGE.test(text));

    assert.deepEqual(
      changing.map(([path]) => short(path)).filter((path) => path.startsWith("slices/")),
      ["slices/core/sessions/messages/transcript.ts"],
    );
  });
});

describe("browser tests", () => {
  test("wait for what a page says with untilTrue: Playwright's own wait is refused by content policies at its second look", () => {
    const waiting = others.filter(([, text]) => /\.waitForFunction\(/.test(text)).map(([path]) => path);

    assert.deepEqual(waiting, []);
  });
});

describe("what leaves the process", () => {
  test("every program and thread that the gateway starts is given an environment of its own", () => {
    const START = /(?<![.\w])(?:spawn|spawnSync|exec|execFile|execFileSync|execSync|fork|new Worker)\(/g;
    const starters = [...sources].filter(([path]) => !path.includes("/cli/"));
    const calls = starters.flatMap(([path, text]) =>
      /from "node:(?:child_process|worker_threads)"|import\("node:child_process"\)/.test(text)
        ? [...text.matchAll(START)].map(({ index }) => [short(path), text.slice(index, index + 500)] as const)
        : [],
    );

    assert.ok(calls.length >= 10);
    assert.deepEqual(
      calls.filter(([, call]) => !/\benv(?::|,| \})/.test(call) || /env: \{ \.\.\./.test(call)),
      [],
    );
  });

  test("text is normalised in one place, which bounds the time that it takes", () => {
    const normalising = [...sources].filter(([, text]) => /\.normalize\(/.test(text)).map(([path]) => path);

    assert.deepEqual(
      normalising.filter((path) => !path.endsWith(".test.ts")),
      [
        "packages/gateway/src/base/text/normal-text.ts",
        // In the browser, one character at a time.
        "packages/web/src/conversation/search.ts",
      ],
    );
  });

  test("no sentence is made of the raw text of an error: that is for the log, and for telling errors apart", () => {
    const RAW =
      /\bdetailOf\(|\bString\((?:error|cause|reason|err|failure)\)|\((?:\w+) as Error\)\.message|\((?:\w+): Error\) =>.*\.message|instanceof Error \? (?:\w+)\.message/g;
    const FINE = /\blog[.[]|\.test\(|\.includes\(|\b(?:why|problem|error|reason): (?:detailOf|String)|import \{/;
    const raw = [...sources]
      .filter(([path]) => path.startsWith("packages/gateway/") && !/base\/errors\.ts$/.test(path))
      .flatMap(([path, text]) =>
        [...text.matchAll(RAW)].map(({ index }) => [
          short(path),
          text.slice(text.lastIndexOf("\n", index) + 1, text.indexOf("\n", index)).trim(),
        ]),
      );

    assert.deepEqual(
      raw.filter(([, line = ""]) => !FINE.test(line)).map(([path]) => path),
      RAW_ON_PURPOSE,
    );
  });
});

/** An empty end of an error: a `catch` with nothing in it, or an answer to a rejection that says nothing. */
const SWALLOWED =
  /\bcatch\s*(?:\([^)]*\)\s*)?\{\s*\}|\.(?:catch\(|then\((?:[^()]|\([^()]*\))*,)\s*(?:async\s*)?(?:\([^()]*\)|\w+)\s*=>\s*(?:\{\s*(?:return;?\s*)?\}|undefined|null|void 0)\s*,?\s*\)/g;

describe("errors", () => {
  test("are dropped by ignore(error, why) of base/errors.ts only", () => {
    const dropped = others.flatMap(([path, text]) =>
      [...withoutComments(text).matchAll(SWALLOWED)].map(([use]) => `${short(path)}: ${use}`),
    );

    assert.deepEqual(dropped, []);
  });

  for (const swallow of [
    "try { a(); } catch {}",
    "try { a(); } catch (error) {\n  // Nobody cares.\n}",
    "a().catch(() => {});",
    "a().catch(() => undefined);",
    "a().catch((_error: unknown) => null);",
    "a().catch(async (error) => {\n  /* nothing */\n});",
    "a().catch(error => void 0)",
    "a().then(b, () => {})",
  ]) {
    test(`${swallow.replace(/\s+/g, " ")} drops one`, () => {
      assert.match(withoutComments(swallow), new RegExp(SWALLOWED.source));
    });
  }

  for (const fine of [
    'try { a(); } catch (error) { ignore(error, "why"); }',
    'a().catch((error: unknown) => ignore(error, "why"));',
    "try { a(); } catch { return undefined; }",
    "a().then(() => undefined)",
  ]) {
    test(`${fine} drops none`, () => {
      assert.doesNotMatch(fine, new RegExp(SWALLOWED.source));
    });
  }

  test("a sentence of ours is a TellableError: people are told nothing of what a plain Error says", () => {
    const plain = [...sources]
      .filter(([path, text]) => path.startsWith(GATEWAY) && /\bnew Error\((?!\))/.test(text))
      .map(([path]) => short(path));

    assert.deepEqual(plain, PLAIN_ON_PURPOSE);
  });
});

test("Ctrl-C is heard by onStop of cli/terminal/stop.ts, which begins before anybody is told", () => {
  const hearers = [...sources]
    .filter(([path, text]) => path.startsWith(GATEWAY) && text.includes('"SIGINT"'))
    .map(([path]) => short(path));

  assert.deepEqual(hearers.toSorted(), HEARS_SIGNALS);
});

/** The questions of a terminal, the gateway itself, and what passes signals on to another program. */
const HEARS_SIGNALS = [
  "base/process/exec-program.ts",
  "cli/commands/gateway-run.ts",
  "cli/terminal/prompt.ts",
  "cli/terminal/stop.ts",
  "cli/terminal/typed-lines.ts",
];

/** Where no person is told, or the command line says it itself. */
const PLAIN_ON_PURPOSE = [
  "base/process/machine.ts",
  "channels/slack/outbound.ts",
  "channels/whatsapp/connection.ts",
  "channels/whatsapp/encryption.ts",
  "channels/whatsapp/intake.ts",
  "channels/whatsapp/socket.ts",
  "cli/reach/pin.ts",
  "kit/schema/validate.ts",
  "slices/agent/mcp/stdio.ts",
  "slices/agent/models/local/local-http.ts",
];

/** Where the raw text stays inside, or only a place, a character or a field is taken out of it, or it is a server's word on a call. */
const RAW_ON_PURPOSE = [
  "base/config/json5.ts",
  "base/schedule/schedule.ts",
  "channels/whatsapp/library.ts",
  "channels/whatsapp/socket.ts",
  "cli/language/failure.ts",
  "cli/reach/call.ts",
  "slices/agent/mcp/connection.ts",
  "slices/agent/mcp/stdio.ts",
];

describe("words and shapes", () => {
  test("no comment begins with “The same”: each is read without its neighbour", () => {
    const BEGINS = /(?:\/\*\*?[\s*]*|(?<!\/\/.*\n\s*)\/\/\s*|^\s*\*\s*\n\s*\*\s*)The same\b.*/gm;
    const wrong = [...texts].flatMap(([path, text]) =>
      [...text.matchAll(BEGINS)].map(([comment]) => `${short(path)}: ${comment.trim()}`),
    );

    assert.deepEqual(wrong, []);
  });

  test("no function has more than four parameters: the linter counts them, and nothing is excused", () => {
    const { linter } = JSON.parse(readFileSync(join(ROOT, "biome.json"), "utf8"));
    const excused = others.filter(([, text]) => /biome-ignore\S* lint\/complexity\/useMaxParams/.test(text));

    assert.deepEqual(linter.rules.complexity.useMaxParams, { level: "error", options: { max: 4 } });
    assert.deepEqual(
      excused.map(([path]) => path),
      [],
    );
  });
});

/** Names that more than five files bear, each with what the name promises. */
const SHARED_NAMES: Readonly<Record<string, string>> = {
  "index.ts": "names the parts of a slice, a package or a folder",
  "slice.ts": "the light half of a slice",
  "methods.ts": "a slice's methods",
  "events.ts": "a slice's events",
  "schema.ts": "a slice's wire shapes",
  "settings.ts": "a slice's section of the settings",
  "tables.ts": "a slice's tables",
  "tools.ts": "a slice's tools",
  "channel.ts": "what a channel is",
  "connection.ts": "a channel's connection, the only file with its SDK; the client's and the server's",
  "inbound.ts": "how a channel maps what its platform tells to an `Inbound`",
  "media.ts": "how a channel moves files",
  "errors.ts": "how a channel or package sorts its errors",
  "link.ts": "a channel's live link to its platform",
  "state.ts": "the state of what its folder is about: of the gateway, a command, or a page",
  "rows.ts": "the rows of a slice, and the queries over them",
  "view.ts": "a page of WebChat as the shell sees it",
};

/** A folder that holds about 15 files is read at a glance; one that holds more than this is not. */
const MOST_FILES = 22;

/** Folders that hold more, each with the reason. One that has shrunk leaves the list. */
const LARGE_FOLDERS: Readonly<Record<string, string>> = {
  "packages/gateway/src/cli/commands": "a list: one file for each command",
  "packages/web/src/chat": "the elements of the conversation",
  "test/support": "a list: one file for each tool of tests",
};

describe("folders", () => {
  test("hold about 15 files; those that hold many more are listed with the reason", () => {
    const paths = readTexts("{packages/*/src,scripts,test}/**/*.{ts,mjs}").keys();
    const counted = [...paths].filter((path) => !path.endsWith(".test.ts"));
    const large = [...Map.groupBy(counted, (path) => dirname(path))].filter(([, files]) => files.length > MOST_FILES);

    assert.deepEqual(large.map(([folder]) => folder).sort(), Object.keys(LARGE_FOLDERS).sort());
  });
});
/** The lines of the longest file of each package, tests aside; a number may only fall. */
const LONGEST: Readonly<Record<string, number>> = {
  a2ui: 200,
  fakes: 299,
  gateway: 334,
  markdown: 133,
  protocol: 380,
  web: 278,
};
const GENERATED = "packages/protocol/src/contract.ts";

/** Files under a path with their lines, the longest first. */
function lengths(under: string): [path: string, lines: number][] {
  return [...sources]
    .filter(([path]) => path.startsWith(under) && !path.endsWith(".test.ts") && path !== GENERATED)
    .map(([path, text]): [string, number] => [path, text.split("\n").length - 1])
    .sort(([, a], [, b]) => b - a);
}

describe("files", () => {
  test("share a name with five others at most, unless the name is a promise", () => {
    const paths = [...sources.keys()].filter((path) => /^packages\/[^/]+\/src\//.test(path));
    const counts = Map.groupBy(paths, (path) => basename(path));
    const often = [...counts].filter(([, files]) => files.length > 5).map(([name]) => name);

    assert.deepEqual(
      often.filter((name) => !Object.hasOwn(SHARED_NAMES, name)),
      [],
    );
  });

  for (const [name, most] of Object.entries(LONGEST)) {
    test(`of ${name} have so many lines at most; the number may only fall`, () => {
      const longest = lengths(`packages/${name}/`).slice(0, 5);

      assert.ok(longest[0]![1] <= most, `${longest.join(" ")}: split a file by its nouns`);
    });
  }

  test("of every package are counted", () => {
    const names = [...sources.keys()].map((path) => path.split("/")[1]!);

    assert.deepEqual(Object.keys(LONGEST), [...new Set(names)].sort());
  });

  test("have kebab-case names", () => {
    const names = [...readSources("{packages/*/src,scripts,test}/**/*.ts").keys()];

    assert.deepEqual(
      names.filter((path) => !/\/[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(path)),
      [],
    );
  });

  test("of a slice stand under a name of the catalog", () => {
    const folders = new Set([...sources.keys()].map(sliceOf).filter((slice) => slice !== undefined));

    assert.deepEqual([...folders].sort(), SLICES.map(({ name }) => name).sort());
  });
});

describe("the import reader", () => {
  const cases: readonly [statement: string, to: string, kind: Import["kind"]][] = [
    [`import { a } from "./b.ts";`, "x/b.ts", "value"],
    [`import type { A } from "./b.ts";`, "x/b.ts", "type"],
    [`import { type A, b } from "../b.ts";`, "b.ts", "value"],
    [`import {\n  type A,\n  type B,\n} from "./b.ts";`, "x/b.ts", "type"],
    [`import * as all from "node:fs";`, "node:fs", "value"],
    [`import Default, { type A } from "@ai-sdk/openai/internal";`, "@ai-sdk/openai", "value"],
    [`import "lit/decorators.js";`, "lit", "value"],
    [`export { a } from "./b.ts";`, "x/b.ts", "value"],
    [`export type { A } from "./b.ts";`, "x/b.ts", "type"],
    [`  const { a } = await import("./b.ts");`, "x/b.ts", "dynamic"],
  ];

  for (const [statement, to, kind] of cases) {
    test(`reads ${statement.replace(/\s+/g, " ")}`, () => {
      assert.deepEqual(importsOf("x/a.ts", statement), [{ from: "x/a.ts", to, kind }]);
    });
  }

  test("is not taken in by types and strings", () => {
    const text = `export interface A {\n  type: "req";\n}\ntype B = typeof import("./b.ts");\nconst c = 'import "x"';`;

    assert.deepEqual(importsOf("a.ts", text), []);
  });

  test("finds a cycle, and what a file loads", () => {
    const to = (from: string, to: string, kind: Import["kind"] = "value"): Import => ({ from, to, kind });
    const round = [to("a", "b"), to("b", "c"), to("c", "b")];

    assert.deepEqual(findCycle(round), ["b", "c", "b"]);
    assert.equal(findCycle([to("a", "b"), to("b", "a", "type"), to("b", "a", "dynamic")]), undefined);
    assert.deepEqual(circlesIn([...round, to("c", "a", "type"), to("x", "y"), to("y", "x", "dynamic"), to("y", "a")]), [
      ["a", "b", "c"],
      ["x", "y"],
    ]);
    assert.deepEqual([...loadedWith("a", [...round, to("a", "d", "dynamic")])], ["a", "b", "c"]);
  });
});
