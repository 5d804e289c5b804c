import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isSecretSetting, Secrets } from "./secrets.ts";

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
    ["but what is named like one all the same", { env: { DB_PASSWORD: "production" } }, "production", "[redacted]"],
  ];
  for (const [what, config, text, guarded] of CASES) test(what, () => assert.equal(learn(config, text), guarded));
});

describe("no text, whoever wrote it, holds the process", () => {
  const PIECES = [
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
        assert.ok(user + system < 1_000_000, `${(user + system) / 1_000} ms of CPU: ${look}`);
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
