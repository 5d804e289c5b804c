/** What a platform says of a refusal stays here: people are told what it means, in our words. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DiscordAPIError } from "@discordjs/rest";
import { linkError as discordLink, requestError } from "./discord/errors.ts";
import { sendError as slackError } from "./slack/errors.ts";
import { sendError as telegramError, linkError as telegramLink } from "./telegram/errors.ts";
import { refusal as whatsappRefusal } from "./whatsapp/errors.ts";

const WORDS = "Raw words of theirs: /srv/data and Sekret-1";

function discordError(code: number): DiscordAPIError {
  return new DiscordAPIError({ code, message: WORDS }, code, 400, "POST", "https://discord.test/", {});
}

function telegramRefusal(error_code: number, description: string): object {
  return Object.assign(new Error(description), { ok: false, error_code, description });
}

const CASES: readonly [what: string, error: () => Error, says: RegExp][] = [
  ["Discord", () => requestError(discordError(99_999)), /^Discord refused it with the code 99999; check /],
  ["Discord's link", () => discordLink(discordError(99_999)), /^Discord /],
  ["Telegram", () => telegramError(telegramRefusal(400, WORDS), "7"), /^Telegram refused it \(400\); check /],
  [
    "Telegram's markup",
    () => telegramError(telegramRefusal(400, `can't parse ${WORDS}`), "7"),
    /^Telegram cannot read /,
  ],
  ["Telegram's link", () => telegramLink(telegramRefusal(400, WORDS)), /^Telegram answered 400; /],
  ["Slack", () => slackError({ data: { error: WORDS } }, "C1"), /^Slack answered unreadable_code; whether it took /],
  ["Slack's code", () => slackError({ data: { error: "fatal_x" } }, "C1"), /^Slack refused it \(fatal_x\); check /],
  ["Slack's scope", () => slackError({ data: { error: "missing_scope", needed: WORDS } }, "C1"), /lacks a scope; /],
  ["WhatsApp", () => whatsappRefusal(WORDS), /^WhatsApp refused the message; check /],
];
for (const [what, error, says] of CASES) {
  test(`${what} passes none of its own words on`, () => {
    const { message } = error();

    assert.match(message, says);
    assert.doesNotMatch(message, /Raw words|Sekret|srv/);
  });
}
