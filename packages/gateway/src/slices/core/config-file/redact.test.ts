import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import JSON5 from "json5";
import type { Schema } from "../../../kit/schema/validate.ts";
import { type FoundSecret, redactText, redactValue, restoreSecrets, secretsOf } from "./redact.ts";

const schemas = new Map<string, Schema>([
  [
    "models",
    {
      type: "object",
      properties: {
        providers: {
          type: "object",
          patternProperties: {
            "^(.*)$": { type: "object", properties: { key: { type: "string", format: "secret" } as Schema } },
          },
        },
      },
    },
  ],
]);

/** Removes the secrets of a config text, and puts them back. */
function roundTrip(raw: string) {
  const secrets = secretsOf(JSON5.parse(raw), schemas);
  const shown = redactText(raw, [], schemas);
  return { shown, restored: restoreSecrets(shown, { own: secrets }) };
}

describe("what is a secret", () => {
  const CASES: readonly [what: string, config: unknown, found: unknown][] = [
    ["what the schema marks", { models: { providers: { x: { key: "k" } } } }, [["models.providers.x.key", "k"]]],
    [
      "whatever is named like one",
      { a: { token: "1", botToken: "2", api_key: "3", "x-api-key": "4", Authorization: "5", password: "6" } },
      [
        ["a.token", "1"],
        ["a.botToken", "2"],
        ["a.api%5fkey", "3"],
        ["a.x-api-key", "4"],
        ["a.Authorization", "5"],
        ["a.password", "6"],
      ],
    ],
    [
      "a number where a secret belongs, and none that counts",
      { a: { password: 1, maxTokens: 2, port: 3 }, models: { providers: { x: { key: 4 } } }, env: { N: 5 } },
      [
        ["a.password", "1"],
        ["models.providers.x.key", "4"],
        ["env.N", "5"],
      ],
    ],
    ["an address with a password", { a: { url: "https://me:pw@host/" } }, [["a.url", "https://me:pw@host/"]]],
    [
      "every value of an environment and of headers, wherever they stand",
      { tools: { x: [{ env: { MODE: "fast", N: "1" } }] }, y: { headers: { Accept: "a/b" } } },
      [
        ["tools.x.0.env.MODE", "fast"],
        ["tools.x.0.env.N", "1"],
        ["y.headers.Accept", "a/b"],
      ],
    ],
    ["an address with a name alone", { a: { url: "https://k3y@host/" } }, [["a.url", "https://k3y@host/"]]],
    [
      "an address with a password within a text",
      { a: { args: ["--db=postgres://me:pw@host/db"] } },
      [["a.args.0", "--db=postgres://me:pw@host/db"]],
    ],
    ["what is shaped like a key", { a: { note: `sk-${"a1".repeat(12)}` } }, [["a.note", `sk-${"a1".repeat(12)}`]]],
    [
      "a text that holds another secret",
      { a: { token: "s3cret-token" }, b: "see s3cret-token" },
      [
        ["a.token", "s3cret-token"],
        ["b", "see s3cret-token"],
      ],
    ],
    ["one within a list", { a: [{ token: "t" }] }, [["a.0.token", "t"]]],
    ["not what is empty or neither text nor number", { a: { token: "", password: true, secret: null } }, []],
    ["not an ordinary address", { a: { url: "https://host/a:b@c" } }, []],
    ["not a config that is no object", "token", []],
  ];
  for (const [what, config, found] of CASES) test(what, () => assert.deepEqual(secretsOf(config, schemas), found));
});

describe("the text of the file", () => {
  test("keeps its comments and order", () => {
    const raw = '// mine\n{ b: 1, a: { token: "s3cret-token" } } // end\n';

    const { shown, restored } = roundTrip(raw);

    assert.equal(shown, '// mine\n{ b: 1, a: { token: "__REDACTED:a.token__" } } // end\n');
    assert.equal(restored, raw);
  });

  test("loses a secret wherever it stands, comments included", () => {
    const { shown } = roundTrip('{ a: { token: "s3cret-token" } } // was s3cret-token');

    assert.ok(!shown.includes("s3cret"));
  });

  test("loses the longer of two secrets as a whole", () => {
    const { shown, restored } = roundTrip('{ a: { token: "secret" }, b: { token: "secret-token" } }');

    assert.equal(shown, '{ a: { token: "__REDACTED:a.token__" }, b: { token: "__REDACTED:b.token__" } }');
    assert.equal(restored, '{ a: { token: "secret" }, b: { token: "secret-token" } }');
  });

  test("is not torn by a secret that is part of a marker or a key", () => {
    const raw = '{ gateway: { token: "gateway" }, other: { password: "REDACTED" } }';

    assert.deepEqual(JSON5.parse(roundTrip(raw).restored), JSON5.parse(raw));
  });

  test("is not torn by a secret that is an ordinary word", () => {
    const raw =
      '{ a: { token: "none", mode: "nonetheless", on: true, n: 1 }, b: { token: "1" }, c: { token: "true" } }';

    const { shown, restored } = roundTrip(raw);

    assert.match(shown, /mode: "nonetheless", on: true, n: 1/);
    assert.equal(restored, raw);
  });

  for (const spelt of ['"s3cr\\u0065t-token"', '"s3cret\\\n-token"', "'s3cret\\-token'"]) {
    test(`loses a secret that is spelt as ${JSON.stringify(spelt)}`, () => {
      const { shown } = roundTrip(`{ a: { token: ${spelt} } } // mine`);

      assert.equal(shown, '{ a: { token: "__REDACTED:a.token__" } } // mine');
    });
  }

  test("shows no line that may hold a secret when it cannot be read", () => {
    const shown = redactText("{ a: { token: \"new-secret\" \n apiKey: 'other',\n port: 1", [], schemas);

    assert.equal(shown, '{ a: { token: "__REDACTED__"\n apiKey: "__REDACTED__"\n port: 1');
  });
});

describe("markers", () => {
  test("that stand for nothing are refused, not written", () => {
    for (const marker of ["__REDACTED:a.token__", "__REDACTED__"]) {
      assert.throws(() => restoreSecrets(`{ a: { token: "${marker}" } }`, { own: [] }), {
        code: "INVALID_REQUEST",
        message: `${marker} stands for no secret that is set; write the secret itself`,
      });
    }
  });

  const MOVED: readonly [what: string, text: string, place: string][] = [
    ["another setting", '{ b: { token: "__REDACTED:a.token__" } }', "b.token"],
    ["a setting that is shown", '{ a: { name: "__REDACTED:a.token__" } }', "a.name"],
    ["another place in a list", '{ keys: ["__REDACTED:keys.1__"] }', "keys.0"],
    ["a part of a longer text", '{ a: { token: "x __REDACTED:a.token__" } }', "a.token"],
    ["the name of a setting", '{ a: { "__REDACTED:a.token__": 1 } }', "a.__REDACTED:a.token__"],
  ];
  for (const [what, text, place] of MOVED) {
    test(`are refused at ${what}`, () => {
      const marker = /__REDACTED:[\w.]+?__/.exec(text)![0];
      const secrets: FoundSecret[] = [
        ["a.token", "s3cret"],
        ["keys.0", "first"],
        ["keys.1", "second"],
      ];

      assert.throws(() => restoreSecrets(text, { own: secrets }), {
        code: "INVALID_REQUEST",
        message: `${marker} stands for the secret at its own place and not at ${place}; write the secret itself there`,
      });
    });
  }

  test("in a comment stay: nothing reads them there", () => {
    const text = '{ a: { token: "__REDACTED:a.token__" } } // __REDACTED:a.token__';

    assert.equal(
      restoreSecrets(text, { own: [["a.token", "s3cret"]] }),
      '{ a: { token: "s3cret" } } // __REDACTED:a.token__',
    );
  });
});

test("a value loses secrets within its strings and keeps everything else", () => {
  const value = {
    a: { token: "none", mode: "none", on: true, n: [1, null] },
    b: { token: "s3cret-token" },
    c: "see s3cret-token",
  };

  assert.deepEqual(redactValue(value, secretsOf(value, schemas)), {
    a: { token: "__REDACTED:a.token__", mode: "none", on: true, n: [1, null] },
    b: { token: "__REDACTED:b.token__" },
    c: "__REDACTED:c__",
  });
});

test("whatever secrets and keys are made of, the text hides them and gives them back", () => {
  const word = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });
  const keys = fc.uniqueArray(
    word.filter((key) => key !== "__proto__"),
    { minLength: 1, maxLength: 4 },
  );
  fc.assert(
    fc.property(keys, fc.array(word, { minLength: 4, maxLength: 4 }), (names, values) => {
      const config = Object.fromEntries(names.map((name, index) => [name, { token: values[index] }]));
      const raw = JSON.stringify(config, null, 2);

      const { shown, restored } = roundTrip(raw);

      const visible = secretsOf(JSON5.parse(shown), schemas).map(([, value]) => value);
      assert.deepEqual(
        visible.filter((value) => !/^__REDACTED:[A-Za-z0-9.%-]+__$/.test(value)),
        [],
      );
      assert.deepEqual(JSON5.parse(restored), config);
    }),
  );
});

test("a number that is a secret is hidden in values and in text, and comes back as it was written", () => {
  const raw = "{ a: { token: -0x1F, n: 12 }, env: { PIN: 0 } }";
  const secrets = secretsOf(JSON5.parse(raw), schemas);
  const shown = redactText(raw, [], schemas);

  assert.equal(shown, '{ a: { token: "__REDACTED:a.token__", n: 12 }, env: { PIN: "__REDACTED:env.PIN__" } }');
  assert.equal(restoreSecrets(shown, { own: secrets, raw }), raw);
  assert.deepEqual(redactValue(JSON5.parse(raw), secrets), {
    a: { token: "__REDACTED:a.token__", n: 12 },
    env: { PIN: "__REDACTED:env.PIN__" },
  });
});
