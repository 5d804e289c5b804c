// The contract as data: what is generated is fresh, says what the definitions say, and takes what protocol 3 takes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { Ajv } from "ajv";
import fc from "fast-check";
import { EVENTS, METHODS } from "../packages/gateway/src/definitions.ts";
import * as frames from "../packages/gateway/src/kit/schema/frames.ts";
import { failuresOf, type Schema } from "../packages/gateway/src/kit/schema/validate.ts";
import { parseFrame } from "../packages/protocol/src/frames.ts";
import { nameOf, type ProtocolDocument, typeName } from "../scripts/emit/json-schema.ts";
import { swiftPackage } from "../scripts/emit/swift.ts";
import { generatedFiles, staleFiles } from "../scripts/generate.ts";
import { newDeviceKey } from "./support/device-key.ts";
import { type Connected, type TestGateway, testGateway } from "./support/gateway.ts";
import { type SampleSchema, samplesOf } from "./support/samples.ts";
import { syntaxErrors } from "./support/swift-parser.ts";

type Definitions = Readonly<Record<string, SampleSchema>>;

const files = await generatedFiles();
const document: ProtocolDocument = JSON.parse(files["packages/protocol/schema.json"] ?? "");
const ours = document.definitions as Definitions;
const january = readJson("./fixtures/protocol-3.schema.json").definitions as Definitions;

const ajv = new Ajv({ allErrors: true, strict: false });
ajv.addSchema(document, "ours");
ajv.addSchema({ definitions: january }, "january");

function readJson(path: string) {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
}

/** What a definition of `source` says against a value; nothing when it is valid. */
function problems(source: "ours" | "january", name: string, value: unknown): string[] {
  const validate = ajv.getSchema(`${source}#/definitions/${name}`);
  if (!validate) throw new Error(`${source} has no definition ${name}`);
  validate(value);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** Every definition that has a schema of its own in the code: the frames, and what methods and events carry. */
const definitions: readonly [name: string, schema: Schema][] = [
  ["ConnectParams", frames.ConnectParams4],
  ["ConnectParamsV3", frames.ConnectParams3],
  ["HelloOk", frames.HelloOk],
  ["RequestFrame", frames.RequestFrame4],
  ["RequestFrameV3", frames.RequestFrame3],
  ["ResponseFrame", frames.ResponseFrame],
  ["EventFrame", frames.EventFrame],
  ["ConnectChallengeEvent", frames.ConnectChallenge],
  ...document.methods.flatMap(({ name, params, ack, result }) => {
    const method = METHODS.get(name);
    return [
      [nameOf(params), method?.params],
      ...(ack ? [[nameOf(ack), method?.ack]] : []),
      [nameOf(result), method?.result],
    ];
  }),
  ...document.events.map(({ name, payload }) => [nameOf(payload), EVENTS.find((e) => e.name === name)?.payload]),
].map(([name, schema]) => [name as string, schema as Schema]);

describe("generated files", () => {
  test("are what the definitions say; if not, run `npm run generate`", () => {
    assert.deepEqual(staleFiles(files), []);
  });

  test("are the same each time", async () => {
    assert.deepEqual(await generatedFiles(), files);
  });

  test("name every method and event of the catalog", () => {
    assert.deepEqual(
      document.methods.map(({ name }) => name),
      [...METHODS.keys()],
    );
    assert.deepEqual(
      document.events.map(({ name }) => name),
      EVENTS.map(({ name }) => name),
    );
  });
});

describe("Swift", () => {
  for (const [path, text] of Object.entries(files).filter(([path]) => path.endsWith(".swift"))) {
    test(`${path} is well-formed`, () => {
      assert.deepEqual(syntaxErrors(text), []);
    });
  }

  const support = files["packages/protocol/swift/Sources/MoltbotProtocol/Support.swift"] ?? "";
  const broken = {
    "a case without a name": support.replace("case null\n", "case\n"),
    "a type without its end": `${support}\npublic struct Half {`,
    "a property without a type": `${support}\nstruct Odd { var x: }`,
  };

  for (const [what, text] of Object.entries(broken)) {
    test(`with ${what} does not pass`, () => {
      assert.notDeepEqual(syntaxErrors(text), []);
    });
  }

  test("names things as Swift allows: keywords in backticks, no dashes, no leading digits", () => {
    const odd = {
      type: "object",
      required: ["default"],
      properties: {
        default: { type: "string", enum: ["self", "allow-once", "2nd"] },
        "x-y": { anyOf: [{ type: "integer" }, { type: "null" }] },
      },
    } as const;

    const { "Sources/MoltbotProtocol/Types.swift": text = "" } = swiftPackage({
      ...{ ...document, methods: [], events: [] },
      definitions: { Odd: odd },
    });

    const cases = [...text.matchAll(/case [^.:\n]*$/gm)].map(([line]) => line);
    assert.deepEqual(syntaxErrors(text), []);
    assert.deepEqual(cases, [
      ...["case `self`", "case allowOnce", "case _2nd", "case unrecognized(String)"],
      ...["case `default`", 'case xY = "x-y"'],
    ]);
    assert.match(text, /public var `default`: Default\n {4}public var xY: Nullable<Int>\?/);
  });
});

describe("schema.json", () => {
  test("is a draft-07 schema whose references all lead somewhere", () => {
    const names = [...JSON.stringify(document).matchAll(/"#\/definitions\/(\w+)"/g)].map(([, name]) => name ?? "");

    assert.equal(ajv.validateSchema(document), true);
    assert.deepEqual(
      names.filter((name) => !Object.hasOwn(ours, name)),
      [],
    );
  });

  for (const [name, schema] of definitions) {
    test(`${name}: what it accepts, the gateway accepts, before and after a trip as JSON`, () => {
      fc.assert(
        fc.property(samplesOf({ $ref: `#/definitions/${name}` }, ours), (sample) => {
          const read: unknown = JSON.parse(JSON.stringify(sample));

          assert.deepEqual(read, sample);
          assert.deepEqual(problems("ours", name, read), []);
          assert.deepEqual(failuresOf(schema, read), []);
        }),
        { numRuns: 25 },
      );
    });

    test(`${name}: what it refuses, the gateway refuses`, () => {
      fc.assert(
        fc.property(samplesOf({ $ref: `#/definitions/${name}` }, ours).chain(spoiled), (value) => {
          const isRefused = problems("ours", name, value).length > 0;

          assert.equal(failuresOf(schema, value).length > 0, isRefused);
        }),
        { numRuns: 25 },
      );
    });
  }

  for (const name of ["RequestFrame", "ResponseFrame", "EventFrame", "GatewayFrame"]) {
    test(`${name}: what it accepts, the client reads`, () => {
      fc.assert(
        fc.property(samplesOf({ $ref: `#/definitions/${name}` }, ours), (frame) => {
          assert.deepEqual(parseFrame(JSON.stringify(frame)), frame);
        }),
      );
    });
  }
});

/** The value with one of its properties, however deep, replaced, removed or added. */
function spoiled(value: unknown): fc.Arbitrary<unknown> {
  const other = fc.oneof(fc.constantFrom<unknown>("", -1, 0.5, null, [], {}, true), fc.jsonValue({ maxDepth: 1 }));
  if (typeof value !== "object" || value === null) return other;
  const keys = Array.isArray(value) ? value.map((_, index) => String(index)) : [...Object.keys(value), "extra"];
  if (keys.length === 0) return other;
  return fc.constantFrom(...keys).chain((key) => {
    const copy = (change: (target: Record<string, unknown>) => void) => {
      const target = structuredClone(value) as Record<string, unknown>;
      change(target);
      return target;
    };
    const inner = (value as Record<string, unknown>)[key];
    return fc.oneof(
      other.map((replacement) => copy((target) => Object.assign(target, { [key]: replacement }))),
      spoiled(inner).map((replacement) => copy((target) => Object.assign(target, { [key]: replacement }))),
      Array.isArray(value) ? other : fc.constant(copy((target) => delete target[key])),
    );
  });
}

describe("protocol 3, January 2026", () => {
  const accepted: readonly [name: string, schema: Schema][] = [
    ["ConnectParams", frames.ConnectParams3 as Schema],
    ["RequestFrame", frames.RequestFrame3 as Schema],
    ...[...METHODS.values()].map(({ name, params }) => [`${typeName(name)}Params`, params] as [string, Schema]),
  ];

  for (const [name, schema] of accepted.filter(([name]) => Object.hasOwn(january, name))) {
    test(`${name}: what it accepts, we accept`, () => {
      fc.assert(
        fc.property(samplesOf({ $ref: `#/definitions/${name}` }, january), (sample) => {
          assert.deepEqual(problems("january", name, sample), []);
          assert.deepEqual(failuresOf(schema, sample), []);
        }),
      );
    });
  }
});

describe("a client of protocol 3", () => {
  const owner = newDeviceKey();
  let gateway: TestGateway;
  let client: Connected;

  before(async () => {
    gateway = await testGateway();
    client = await gateway.connect({ device: owner });
  });
  after(() => gateway[Symbol.asyncDispose]());

  test("finds hello-ok and every frame as it knows them, to the last property", async () => {
    await client.call("chat.send", { sessionKey: "main", message: "/help", idempotencyKey: "contract-1" });
    await client.nextOf("chat");
    await client.request("no.such.method");

    const ofFrames = client.frames.flatMap((frame) =>
      problems("january", frame.type === "res" ? "ResponseFrame" : "EventFrame", frame),
    );
    assert.deepEqual(problems("january", "HelloOk", client.hello), []);
    assert.deepEqual(ofFrames, []);
  });

  const answers = {
    "agent.identity.get": "AgentIdentityResult",
    "agents.list": "AgentsListResult",
    "models.list": "ModelsListResult",
    "logs.tail": "LogsTailResult",
    "config.schema": "ConfigSchemaResponse",
  };
  for (const [method, name] of Object.entries(answers)) {
    test(`finds in the answer to ${method} what it knows`, async () => {
      assert.deepEqual(problems("january", name, known(name, await client.call(method, {}))), []);
    });
  }

  test("finds in each event what it knows", async () => {
    const events = { agent: "AgentEvent", chat: "ChatEvent", "device.pair.resolved": "DevicePairResolvedEvent" };
    await gateway.connect({ device: newDeviceKey() });
    await client.request("agent", { message: "/help", sessionKey: "main", idempotencyKey: "contract-2" });
    await client.nextOf("agent");

    const received = Object.entries(events).map(([event, name]) => ({
      event,
      count: client.frames.filter((frame) => frame.event === event).length,
      problems: client.frames
        .filter((frame) => frame.event === event)
        .flatMap(({ payload }) => problems("january", name, known(name, payload))),
    }));
    assert.deepEqual(
      received.map(({ event, count, ...rest }) => ({ event, some: count > 0, ...rest })),
      Object.keys(events).map((event) => ({ event, some: true, problems: [] })),
    );
  });
});

/** The properties of a value that a definition names. Clients read those and leave the others alone. */
function known(name: string, value: Record<string, unknown>): Record<string, unknown> {
  const { properties = {} } = january[name] ?? {};
  return Object.fromEntries(Object.entries(value).filter(([key]) => Object.hasOwn(properties, key)));
}
