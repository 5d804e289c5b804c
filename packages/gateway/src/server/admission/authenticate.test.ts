import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkSharedSecret, type GatewayAuth, resolveAuth, unauthorizedText, weakness } from "./authenticate.ts";

describe("a secret that is none", () => {
  const WEAK: readonly [secret: string | undefined, problem: string][] = [
    [undefined, "is empty"],
    ["", "is empty"],
    ["   ", "is empty"],
    ["\t\n", "is empty"],
    [" padded-secret", "begins or ends with white space"],
    ["padded-secret\n", "begins or ends with white space"],
    ["undefined", "is a placeholder"],
    ["null", "is a placeholder"],
    ["NULL", "is a placeholder"],
    ["changeme", "is a placeholder"],
    ["[object Object]", "is a placeholder"],
    ["short", "is too short (fewer than 6 characters)"],
  ];
  for (const [secret, problem] of WEAK)
    test(`${JSON.stringify(secret)} ${problem}`, () => assert.equal(weakness(secret), problem));

  test("six characters of one's own are one", () => assert.equal(weakness("s3cret"), undefined));
});

describe("which secret is in force", () => {
  const env = { MOLTBOT_GATEWAY_TOKEN: "env-token", CLAWDBOT_GATEWAY_PASSWORD: "env-password" };

  test("the config's token stands above the environment's", () =>
    assert.deepEqual(resolveAuth({ token: "own-token" }, env, true), { mode: "token", secret: "own-token" }));
  test("the environment's token is used when the config has none", () =>
    assert.deepEqual(resolveAuth({}, env, true), { mode: "token", secret: "env-token" }));
  test("a password alone means password mode", () =>
    assert.deepEqual(resolveAuth({ password: "own-password" }, {}, true), {
      mode: "password",
      secret: "own-password",
    }));
  test("the mode decides when both are known", () =>
    assert.deepEqual(resolveAuth({ mode: "password", token: "own-token" }, env, true), {
      mode: "password",
      secret: "env-password",
    }));
  test("none is allowed on loopback", () =>
    assert.deepEqual(resolveAuth({ mode: "none" }, {}, true), { mode: "none" }));
  test("none is refused where others can reach it", () =>
    assert.throws(() => resolveAuth({ mode: "none" }, {}, false), {
      name: "StartError",
      message: "gateway.auth.mode none is allowed on loopback only; set a token, or bind to loopback.",
    }));
  test("a missing secret says where to set it", () =>
    assert.throws(() => resolveAuth({ mode: "password" }, {}, true), {
      name: "StartError",
      message:
        "The gateway password is empty; set gateway.auth.password in the config file, MOLTBOT_GATEWAY_PASSWORD, or " +
        "--password to a secret of its own (for example the output of `openssl rand -hex 32`).",
    }));
});

describe("presenting the secret", () => {
  const token: GatewayAuth = { mode: "token", secret: "right-token" };
  const password: GatewayAuth = { mode: "password", secret: "right-password" };

  const CASES: readonly [what: string, auth: GatewayAuth, presented: object, either: boolean, failure: unknown][] = [
    ["the right token", token, { token: "right-token" }, false, undefined],
    ["a wrong token", token, { token: "wrong" }, false, "token_mismatch"],
    ["a prefix of the token", token, { token: "right-toke" }, false, "token_mismatch"],
    ["no token", token, {}, false, "token_missing"],
    ["an empty token", token, { token: "" }, false, "token_missing"],
    ["the token in the other field", token, { password: "right-token" }, false, "token_missing"],
    ["the token in the other field, for protocol 4", token, { password: "right-token" }, true, undefined],
    [
      "a wrong token beside the right one in the other field",
      token,
      { token: "x", password: "right-token" },
      true,
      "token_mismatch",
    ],
    ["the right password", password, { password: "right-password" }, false, undefined],
    ["a wrong password", password, { password: "wrong" }, false, "password_mismatch"],
    ["no password", password, { token: "right-password" }, false, "password_missing"],
    ["the password in the other field, for protocol 4", password, { token: "right-password" }, true, undefined],
    ["anything, without auth", { mode: "none" }, { token: "x" }, false, undefined],
  ];
  for (const [what, auth, presented, either, failure] of CASES)
    test(`${what} gives ${failure ?? "access"}`, () =>
      assert.equal(checkSharedSecret(auth, presented, either), failure));
});

describe("the refusal tells that kind of client where to put the secret", () => {
  const UI_T = "open a tokenized dashboard URL or paste token in Control UI settings";
  const UI_P = "enter the password in Control UI settings";
  const TEXTS: readonly [id: string, mode: string, token: string, password: string][] = [
    [
      "cli",
      "cli",
      "set gateway.remote.token to match gateway.auth.token",
      "set gateway.remote.password to match gateway.auth.password",
    ],
    ["moltbot-control-ui", "ui", UI_T, UI_P],
    ["clawdbot-control-ui", "webchat", UI_T, UI_P],
    ["openclaw-control-ui", "ui", UI_T, UI_P],
    ["webchat", "webchat", UI_T, UI_P],
    ["webchat-ui", "ui", UI_T, UI_P],
    ["gateway-client", "backend", "provide gateway auth token", "provide gateway auth password"],
    ["moltbot-macos", "ui", "provide gateway auth token", "provide gateway auth password"],
  ];
  for (const [id, mode, token, password] of TEXTS) {
    test(`${id} as ${mode}`, () => {
      const client = { id, mode };
      assert.equal(unauthorizedText("token_missing", client), `unauthorized: gateway token missing (${token})`);
      assert.equal(unauthorizedText("token_mismatch", client), `unauthorized: gateway token mismatch (${token})`);
      assert.equal(
        unauthorizedText("password_missing", client),
        `unauthorized: gateway password missing (${password})`,
      );
      assert.equal(
        unauthorizedText("password_mismatch", client),
        `unauthorized: gateway password mismatch (${password})`,
      );
    });
  }
});
