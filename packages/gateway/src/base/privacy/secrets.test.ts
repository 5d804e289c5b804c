import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isSecretSetting } from "./secret-names.ts";
import { Secrets } from "./secrets.ts";

function secretsOf(...values: string[]): Secrets {
  const secrets = new Secrets();
  for (const value of values) secrets.add(value);
  return secrets;
}

describe("what leaves", () => {
  const guard = (text: string) => secretsOf("hunter22", "s3cr3t", 'with "quotes" in', "ollama", "monkey").guard(text);
  const CASES: readonly [what: string, text: string, guarded: string][] = [
    ["loses a secret", "it is hunter22.", "it is [redacted]."],
    ["loses it within JSON, after an escape too", '{"a":"x\\nhunter22"}', '{"a":"x\\n[redacted]"}'],
    [
      "loses it as JSON and as addresses spell it",
      '"with \\"quotes\\" in" with%20%22quotes%22%20in',
      '"[redacted]" [redacted]',
    ],
    ["loses a short one that is no word", "s3cr3t", "[redacted]"],
    ["keeps words that hold a short one", "s3cr3ts and xhunter22x", "s3cr3ts and xhunter22x"],
    ["keeps what people write where no key is needed", "ollama/qwen3", "ollama/qwen3"],
    ["keeps short words, whoever uses them as a password", "a monkey", "a monkey"],
    ["loses what is shaped like a key", `sk-${"a1".repeat(10)}`, "[redacted]"],
    [
      "keeps English",
      "use Bearer authentication, sk-loading-indicator-of-a-page",
      "use Bearer authentication, sk-loading-indicator-of-a-page",
    ],
    [
      "keeps a time before a name",
      '{"1764440000":"abcdefghijklmnopqrstuvwxyz0123456789"}',
      '{"1764440000":"abcdefghijklmnopqrstuvwxyz0123456789"}',
    ],
  ];
  for (const [what, text, guarded] of CASES) test(what, () => assert.equal(guard(text), guarded));

  test("keeps pictures as they are, and loses what stands between them", () => {
    const picture = "AbC1".repeat(30_000);
    const text = (secret: string) => JSON.stringify({ a: { data: picture }, b: secret, c: { data: picture } });

    assert.equal(secretsOf("hunter22-hunter22").guard(text("hunter22-hunter22")), text("[redacted]"));
  });

  const LETTERS = "A".repeat(600);
  const LONG = "z ".repeat(40_000);
  const ALMOST_FILES: readonly [what: string, content: string, left: string][] = [
    ["goes on as words", `${LETTERS} key hunter22-hunter22 ${LONG}`, `${LETTERS} key [redacted] ${LONG}`],
    ["goes on at once", `${LETTERS}-hunter22-hunter22 ${LONG}`, `${LETTERS}-[redacted] ${LONG}`],
    ["goes on behind padding", `${LETTERS}==hunter22-hunter22 ${LONG}`, `${LETTERS}==[redacted] ${LONG}`],
    ["holds an escaped quote", `${LETTERS}"hunter22-hunter22 ${LONG}`, `${LETTERS}"[redacted] ${LONG}`],
    ["has a key of letters in it", `${LETTERS}0hunter22hunter${LONG}`, `${LETTERS}0[redacted]${LONG}`],
    ["is nothing but letters and a key", `${LETTERS.repeat(200)}0hunter22hunter`, `${LETTERS.repeat(200)}0[redacted]`],
  ];
  for (const [what, content, left] of ALMOST_FILES) {
    test(`loses a secret in a text that begins like a file and ${what}`, () => {
      for (const name of ["content", "data", "url"])
        assert.equal(
          secretsOf("hunter22-hunter22", "hunter22hunter").guard(JSON.stringify({ [name]: content })),
          JSON.stringify({ [name]: left }),
        );
    });
  }

  test("loses a longer secret whole that begins like a shorter one", () => {
    assert.equal(
      secretsOf("hunter22", "hunter22-and-more").guard("hunter22-and-more hunter22"),
      "[redacted] [redacted]",
    );
  });
});

describe("what is secret", () => {
  const learn = (config: object, text: string) => {
    const secrets = new Secrets();
    secrets.learn(config);
    return secrets.guard(text);
  };
  const CASES: readonly [what: string, config: object, text: string, guarded: string][] = [
    ["a key, by its setting's name", { a: { apiKey: "k9-value-1" } }, "k9-value-1", "[redacted]"],
    ["any value of an environment", { x: [{ env: { ANY: "plain value 1" } }] }, "plain value 1", "[redacted]"],
    [
      "a header, and what follows its scheme",
      { headers: { Authorization: "Bearer abc-def-1" } },
      "abc-def-1",
      "[redacted]",
    ],
    [
      "the password of an address",
      { url: "https://me:pa55word@h/" },
      "pa55word, https://me:pa55word@h/",
      "[redacted], https://me:[redacted]@h/",
    ],
    ["the name of an address that has no password", { url: "https://t0ken-77@h/" }, "t0ken-77", "[redacted]"],
    ["an address's password as it is meant", { url: "https://me:p%40ss-word@h/" }, "p@ss-word", "[redacted]"],
    [
      "not what is plainly a setting",
      { env: { MODE: "production", HOME_DIR: "/srv/data", ON: "true" } },
      "production /srv/data true",
      "production /srv/data true",
    ],
    ["a password of digits without quotes", { a: { password: 4_711_081_500 } }, "4711081500", "[redacted]"],
    ["a number of an environment", { env: { GATE_CODE_KEY: 22_334_455 } }, "22334455", "[redacted]"],
    ["not a number that counts", { a: { maxTokens: 12_345_678 } }, "12345678", "12345678"],
    ...[
      "pa/ssw0rd-long-1",
      "p@ssw0rd-long-2",
      "pa#ssw0rd-3",
      "pa?ssw0rd-4",
      "p@/?#ssw0rd-5",
      "12/ssw0rd-6",
      'pa"ssw0rd\\7',
    ].map((password): [string, object, string, string] => [
      `a password that an address should hold in percent: ${password}`,
      { url: `postgres://me:${password}@db/x` },
      `postgres://me:${password}@db/x, ${encodeURIComponent(password)}, ${password}`,
      "postgres://me:[redacted]@db/x, [redacted], [redacted]",
    ]),
    [
      "what errors repeat of such a password",
      { url: "http://me:pa/ssw0rd-long-1@h/" },
      "no host ssw0rd-long-1@h",
      "no host [redacted]@h",
    ],
    [
      "each of several addresses in one word",
      { url: "amqp://a:one-pass-1@h1,amqp://b:two-pass-2@h2" },
      "one-pass-1 two-pass-2 amqp://h2",
      "[redacted] [redacted] amqp://h2",
    ],
    [
      "not the path of an address that names nobody",
      { url: "https://host.example/@someone-1/post", other: "http://localhost:4873/npm/@scope-1/x" },
      "host.example/ localhost:4873/npm/",
      "host.example/ localhost:4873/npm/",
    ],
    ["a user in the header of a request", { url: "https://me:pw-123456@h/" }, btoa("me:pw-123456"), "[redacted]"],
    [
      "a password in the header of anybody's request",
      { password: "four-words-in-it" },
      ["a", "bo", "cat"].map((name) => Buffer.from(`${name}:four-words-in-it\n`).toString("base64")).join(" "),
      "YTp[redacted]Cg== Ym86[redacted]Ao= Y2F0Om[redacted]QK",
    ],
    ["the password of a Basic header", { headers: { A: `Basic ${btoa("me:pa55word")}` } }, "pa55word", "[redacted]"],
    [
      "a secret as JSON within JSON and as forms spell it",
      { env: { QUO_TOKEN: 'pa"ss\\w0rd long5' } },
      `${JSON.stringify({ a: JSON.stringify({ b: 'pa"ss\\w0rd long5' }) })} pa%22ss%5Cw0rd+long5 pa%22ss%5cw0rd%20long5`,
      `${JSON.stringify({ a: JSON.stringify({ b: "[redacted]" }) })} [redacted] [redacted]`,
    ],
    ...["SMTP_PASS", "ANY", "dbPin", "PASSPHRASE"].map((name): [string, object, string, string] => [
      `words and digits of an environment, as ${name}`,
      { env: { [name]: "correcthorsebattery", [`${name}2`]: "48151623", pin: "481516" } },
      '{"a":"correcthorsebattery 48151623 481516","n":48151623,"m":[1.48151623,481516]}',
      '{"a":"[redacted] [redacted] [redacted]","n":0,"m":[1.0,0]}',
    ]),
    ["a map by another name", { envVars: { A: "correcthorsebattery" } }, "correcthorsebattery", "[redacted]"],
    ["an environment as a list", { env: ["A=correcthorsebattery"] }, "correcthorsebattery", "[redacted]"],
    [
      "an option that names itself",
      { args: ["-e", "GITHUB_TOKEN=some-words-of-it"] },
      "some-words-of-it",
      "[redacted]",
    ],
    ["but what is named like one all the same", { env: { DB_PASSWORD: "production" } }, "production", "[redacted]"],
  ];
  for (const [what, config, text, guarded] of CASES) test(what, () => assert.equal(learn(config, text), guarded));
});

describe("what of an environment stays readable", () => {
  const PLAIN: Readonly<Record<string, string>> = {
    MODE: "production",
    A: "verbose",
    HOME_DIR: "/srv/data",
    PATH: "/usr/local/bin:/usr/bin:~/bin",
    LANG: "en_US.UTF-8",
    TZ: "Europe/Berlin",
    ON: "true",
    SIZE: "512000kb",
    LIMIT: "100000000",
    URL: "https://api.example.com:8443/v1",
    HOST: "db.internal:5432",
    BIND: "127.0.0.1:8080",
    DB_USER: "moltbot-reader",
    MODEL: "gpt-4-mini",
    AWS_REGION: "eu-central-1",
    LIST: "telegram,discord",
    Accept: "application/json",
    "User-Agent": "moltbot/1.2",
    "api-version": "2024-10-21",
    NODE_OPTIONS: "--max-old-space-size=4096 --no-warnings",
  };
  for (const [name, value] of Object.entries(PLAIN))
    test(`${name}: ${value}`, () => {
      const secrets = new Secrets();
      secrets.learn({ env: { [name]: value } });

      assert.equal(secrets.guard(`It is ${value}.`), `It is ${value}.`);
    });

  for (const value of [
    "my-secretword",
    "/9j4AAQSkZJRgABAQ+k=",
    "https://hooks.example.com/services/T0/B0/x8Kq2mPz91LkVt7Q",
    "20481516",
    "eu-not-a-region",
  ])
    test(`but not ${value}`, () => {
      const secrets = new Secrets();
      secrets.learn({ env: { ANY: value } });

      assert.equal(secrets.guard(`It is ${value}.`), "It is [redacted].");
    });
});

describe("no text, whoever wrote it, holds the process", () => {
  const PIECES = [
    ..."a://a:@|a://a@b,|--a-a|/a.|a-a.a|a,|A=a |0|a:a@".split("|"),
    ..."sk-|sk-a|sk-_|xoxb-|xapp-|AIza|ghp_|12345678:|:1234567890:|bearer |Bearer a|bearer\t\t|Bearer".split("|"),
    ..."-----BEGIN |-----BEGIN A-----|-----BEGIN A|-----|-----END A-----|a-|a.|a+a|http://|a://a|a://a:|token|key_".split(
      "|",
    ),
    ..."password|--key=|?key=|&token=|a=|/|?|%20|\\n| ".split("|"),
  ];
  for (const piece of PIECES) {
    test(`${JSON.stringify(piece)}, again and again`, () => {
      const secrets = secretsOf("hunter22-hunter22");
      const text = piece.repeat(Math.ceil(200_000 / piece.length));
      const looks: readonly (() => unknown)[] = [
        () => secrets.guard(`${text} sk-`),
        () => secrets.redact(`${text} sk-`),
        () => secrets.settled(text),
        () => isSecretSetting(["a", "b"], text),
        () => isSecretSetting(["a", text], "x"),
        () => secretsOf().learn({ a: [text, "--key", text], [text]: text, env: { A: text } }),
      ];
      for (const look of looks) {
        const before = process.cpuUsage();
        look();
        const { user, system } = process.cpuUsage(before);
        assert.ok(user + system < 4_000_000, `${(user + system) / 1_000} ms of CPU: ${look}`);
      }
    });
  }
});

describe("what may leave of a text that grows", () => {
  const SECRETS = ["hunter22", "Sekret-12345678-of-it", "Sekret-12345678", "two words of it"];
  const KEY = `sk-${"a1B2".repeat(6)}`;
  const TEXTS: readonly string[] = [
    "It is hunter22, and hunter2 is none, nor is hunter22x.",
    "It is Sekret-12345678-of-it or Sekret-12345678, not Sekret-12.",
    "With two words of it there, two words only here.",
    `A key ${KEY} and sk-loading-indicator-of-a-page`,
    `Bearer ${"ab1".repeat(8)} is one, Bearer authentication is none`,
    `1234567890:${"Ab-_1".repeat(7)} and 12345678: what`,
    `-----BEGIN PRIVATE KEY-----\n${"AbC1\n".repeat(40)}-----END PRIVATE KEY----- after it`,
    `AIza${"Ab_-1".repeat(7)} ghp_${"aB1".repeat(12)} xoxb-12345-67890-abcdef.`,
    "Ordinary words, sk, Bear, 12 of them.",
  ];
  for (const text of TEXTS) {
    for (const step of [1, 3, 7, 40]) {
      test(`${text.slice(0, 30)}… in steps of ${step} is told as it is in the end, but for 3 characters`, () => {
        const secrets = secretsOf(...SECRETS);
        const whole = secrets.settled(text, true);
        for (let end = step; end < text.length; end += step) {
          const part = secrets.settled(text.slice(0, end));
          let same = 0;
          while (same < part.length && part[same] === whole[same]) same++;
          assert.ok(part.length - same < 4, `${part} / ${whole}`);
        }
        assert.equal(whole, secrets.guard(text));
      });
    }
  }

  test("ordinary text waits for nothing", () => {
    const secrets = secretsOf(...SECRETS);
    const text = "Ordinary words, and then some more of them: 12, hunters.";

    for (let end = 0; end <= text.length; end++)
      if (
        text.slice(end - 4, end) !== "hunt" &&
        !text.slice(0, end).endsWith("hunte") &&
        !text.slice(0, end).endsWith("hunter")
      )
        assert.equal(secrets.settled(text.slice(0, end)), text.slice(0, end));
  });
});

test("bot tokens of every length are taken out, and times and ports stay", () => {
  const tokens = [8, 9, 10].map((digits) => `${"1".repeat(digits)}:${"aB3-_".repeat(7)}`);
  const plain = 'at 12:30:05 on 127.0.0.1:18789, in {"ts":1767225600000}';

  const shown = [...tokens, plain].map((text) => new Secrets().guard(text));

  assert.deepEqual(shown, ["[redacted]", "[redacted]", "[redacted]", plain]);
});
