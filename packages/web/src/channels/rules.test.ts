import assert from "node:assert/strict";
import { test } from "node:test";
import { directText, groupRules } from "./rules.ts";

test("who may write directly is said in words", () => {
  const cases = [
    [{ dmPolicy: "pairing" }, "Strangers get a code that you approve; those you let in may write."],
    [{ dmPolicy: "open", allowFrom: ["*"] }, "Everyone may write."],
    [{ dmPolicy: "allowlist", allowFrom: ["1", "2"] }, "Only those on the list may write (2)."],
    [{ dmPolicy: "allowlist" }, "Nobody may write: the list is empty."],
    [{ dmPolicy: "disabled" }, "Nobody may write directly."],
  ] as const;

  assert.deepEqual(
    cases.map(([account]) => directText(account as Parameters<typeof directText>[0])),
    cases.map(([, text]) => text),
  );
});

test("the rules of groups are said with the setting of each", () => {
  const telegram = {
    groupPolicy: "allowlist",
    groups: { "-42": { requireMention: false, agentId: "cook" }, "-43": { enabled: false } },
    accounts: { work: { groupPolicy: "open" }, home: {} },
  };

  assert.deepEqual(
    groupRules({ channels: { telegram, slack: {} } }, ["telegram"]).map(({ path, text }) => [path, text]),
    [
      ["channels.telegram.groupPolicy", "It answers in the groups that are listed."],
      ["channels.telegram.groups.-42", "Every message is answered. cook answers."],
      ["channels.telegram.groups.-43", "It is ignored."],
      ["channels.telegram.accounts.work.groupPolicy", "It answers in every group."],
    ],
  );
});
