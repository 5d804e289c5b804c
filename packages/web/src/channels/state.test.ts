import assert from "node:assert/strict";
import { test } from "node:test";
import type { AccountSnapshot } from "@moltbot/protocol";
import { isTroubled, readChannels, withAccount } from "./state.ts";

function account(more: Partial<AccountSnapshot>): AccountSnapshot {
  return { accountId: "default", enabled: true, state: "connected", queued: 0, unknown: 0, ...more } as AccountSnapshot;
}

const told = readChannels({
  channelMeta: [
    { id: "telegram", label: "Telegram", detailLabel: "Telegram (bot)", settings: [] },
    { id: "whatsapp", label: "WhatsApp", detailLabel: "WhatsApp (Web)", summary: "By QR code.", login: true },
  ],
  channelAccounts: { whatsapp: [account({})] },
} as unknown as Parameters<typeof readChannels>[0]);

test("a channel is read with its accounts, and with whether it is linked by a code", () => {
  assert.deepEqual(
    told.map(({ id, summary, hasLogin, settings, accounts }) => [id, summary, hasLogin, settings, accounts.length]),
    [
      ["telegram", "", false, [], 0],
      ["whatsapp", "By QR code.", true, [], 1],
    ],
  );
});

test("an event about an account takes its place, or adds it, and touches no other channel", () => {
  const work = account({ accountId: "work" });

  const replaced = withAccount(told, "whatsapp", account({ state: "failed" }));
  const added = withAccount(replaced, "whatsapp", work);

  assert.deepEqual(
    added.map(({ accounts }) => accounts.map(({ accountId, state }) => `${accountId} ${state}`)),
    [[], ["default failed", "work connected"]],
  );
  assert.equal(added[0], told[0]);
});

test("an account needs somebody when it has failed or lacks a setting, not while it waits for a phone", () => {
  const troubled = [
    { state: "connected" as const },
    { state: "failed" as const },
    { state: "unconfigured" as const },
    { state: "unconfigured" as const, linked: false },
    { state: "waiting" as const },
  ].filter((each) => isTroubled(account(each)));

  assert.deepEqual(troubled, [{ state: "failed" }, { state: "unconfigured" }]);
});
