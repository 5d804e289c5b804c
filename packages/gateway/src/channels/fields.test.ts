// What the SDKs' types know of a message, field by field: read, or left out with the reason. A field that is new with an update
// of an SDK does not compile here, and a kind of event that is new fails.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { APIAttachment, APIEmbed, APIMessage, APIPoll } from "@discordjs/core/http-only";
import type { proto } from "@whiskeysockets/baileys";
import type { Message } from "grammy/types";
import { eventInbound } from "./slack/inbound.ts";

/** `READ`, or why it is left out. */
type Fates<Of> = Readonly<Record<keyof Of, string>>;

const READ = "read";
const looks = "how it looks, or how large it is";
const machine = "for apps and servers, not for readers";
const said = "stands in the text, or in another field that is read";
const counts = "counts and states that change without anybody who writes";
const money = "what was paid for reach; nothing is said by it";
const preview = "a small copy of a picture; the picture itself is read";
const advert = "how an advertisement led here; nothing is said by it";

const AROUND: Fates<Message.MediaMessage> = {
  ...{ message_id: READ, message_thread_id: READ, from: READ, sender_chat: READ, date: READ, chat: READ },
  ...{ is_topic_message: READ, forward_origin: READ, is_automatic_forward: READ, reply_to_message: READ },
  ...{ reply_to_checklist_task_id: READ, reply_to_poll_option_id: READ, external_reply: READ, quote: READ },
  ...{ reply_to_story: READ, via_bot: READ, edit_date: READ, author_signature: READ, reply_markup: READ },
  ...{ caption: READ, caption_entities: READ, media_group_id: READ },
  ...{ guest_query_id: machine, business_connection_id: machine, direct_messages_topic: machine },
  ...{ receiver_user: machine, ephemeral_message_id: machine, sender_business_bot: machine },
  ...{ guest_bot_caller_user: machine, guest_bot_caller_chat: machine, has_protected_content: machine },
  ...{ sender_tag: "a label of a member, which whoever runs the group has chosen", sender_boost_count: money },
  ...{
    is_paid_post: money,
    paid_star_count: money,
    is_from_offline: "that it was planned",
    link_preview_options: looks,
  },
  ...{ show_caption_above_media: looks, effect_id: looks, has_media_spoiler: looks },
};
const POLL: Fates<NonNullable<Message["poll"]>> = {
  ...{ question: READ, options: READ, is_closed: READ, type: READ, allows_multiple_answers: READ },
  ...{ explanation: READ, description: READ, media: READ },
  ...{ id: machine, question_entities: looks, explanation_entities: looks, description_entities: looks },
  ...{
    total_voter_count: counts,
    is_anonymous: counts,
    correct_option_ids: "the answer of a quiz",
    open_period: counts,
  },
  ...{ close_date: counts, allows_revoting: counts, members_only: counts, country_codes: counts },
  explanation_media: "shown to who has answered a quiz",
};
const GIVEAWAY: Fates<NonNullable<Message["giveaway"]>> = {
  ...{ winners_selection_date: READ, winner_count: READ, prize_description: READ, prize_star_count: READ },
  ...{ premium_subscription_month_count: READ, chats: machine, only_new_members: machine, has_public_winners: machine },
  country_codes: machine,
};

const DISCORD: Fates<APIMessage> = {
  ...{ id: READ, channel_id: READ, author: READ, content: READ, timestamp: READ, edited_timestamp: READ },
  ...{ mentions: READ, mention_roles: READ, attachments: READ, embeds: READ, webhook_id: READ, type: READ },
  ...{ activity: READ, application: READ, message_reference: READ, flags: READ, referenced_message: READ },
  ...{ components: READ, sticker_items: READ, poll: READ, message_snapshots: READ, shared_client_theme: READ },
  ...{
    tts: looks,
    mention_everyone: "stands in the text; @everyone does not mean the account",
    mention_channels: said,
  },
  ...{ reactions: "told as events", nonce: machine, pinned: counts, application_id: machine, position: machine },
  ...{ interaction_metadata: machine, interaction: machine, thread: "told as an event", stickers: said },
  ...{
    role_subscription_data: "its type of message is recorded",
    resolved: machine,
    call: "its type of message is recorded",
  },
};
const EMBED: Fates<APIEmbed> = {
  ...{ title: READ, type: READ, description: READ, url: READ, footer: READ, image: READ, video: READ },
  ...{ provider: READ, author: READ, fields: READ },
  ...{
    timestamp: "when the program made it; the message has its own time",
    color: looks,
    flags: machine,
    thumbnail: preview,
  },
};
const ATTACHMENT: Fates<APIAttachment> = {
  ...{ id: READ, filename: READ, description: READ, content_type: READ, size: READ, url: READ },
  ...{
    title: said,
    proxy_url: machine,
    height: looks,
    width: looks,
    placeholder: preview,
    placeholder_version: preview,
  },
  ...{ ephemeral: machine, duration_secs: looks, waveform: looks, flags: machine, clip_participants: machine },
  ...{ clip_created_at: machine, application: machine },
};
const DISCORD_POLL: Fates<APIPoll> = {
  ...{ question: READ, answers: READ, allow_multiselect: READ, results: READ, expiry: counts, layout_type: looks },
};

const CONTEXT: Fates<proto.IContextInfo> = {
  ...{ stanzaId: READ, participant: READ, quotedMessage: READ, remoteJid: READ, mentionedJid: READ, isForwarded: READ },
  ...{ quotedAd: READ, externalAdReply: READ, forwardedNewsletterMessageInfo: READ },
  ...{
    conversionSource: advert,
    conversionData: advert,
    conversionDelaySeconds: advert,
    entryPointConversionSource: advert,
  },
  ...{
    entryPointConversionApp: advert,
    entryPointConversionDelaySeconds: advert,
    utm: advert,
    smbClientCampaignId: advert,
  },
  ...{
    smbServerCampaignId: advert,
    entryPointConversionExternalSource: advert,
    ctwaSignals: advert,
    ctwaPayload: advert,
  },
  ...{ entryPointConversionExternalMedium: advert, alwaysShowAdAttribution: advert, dataSharingContext: advert },
  ...{ forwardingScore: counts, placeholderKey: machine, expiration: machine, ephemeralSettingTimestamp: machine },
  ...{ ephemeralSharedSecret: machine, disappearingMode: machine, actionLink: machine, groupSubject: said },
  ...{ parentGroupJid: machine, trustBannerType: machine, trustBannerAction: machine, isSampled: machine },
  ...{ groupMentions: said, businessMessageForwardInfo: machine, featureEligibilities: machine },
  ...{ forwardedAiBotMessageInfo: "isForwarded says that it was passed on", statusAttributionType: machine },
  ...{ urlTrackingMap: machine, pairedMediaType: machine, rankingVersion: machine, isQuestion: machine },
  ...{ memberLabel: "a label of a member of the group", statusSourceType: machine, statusAttributions: machine },
  ...{ isGroupStatus: machine, forwardOrigin: machine, statusAudienceMetadata: machine, nonJidMentions: said },
  ...{ questionReplyQuotedMessage: "questions of channels, which are no chats", quotedType: machine },
  botMessageSharingInfo: machine,
};
const EXTENDED: Fates<proto.Message.IExtendedTextMessage> = {
  ...{ text: READ, matchedText: READ, description: READ, title: READ, contextInfo: READ },
  ...{ textArgb: looks, backgroundArgb: looks, font: looks, previewType: looks, jpegThumbnail: preview },
  ...{ doNotPlayInline: looks, thumbnailDirectPath: preview, thumbnailSha256: preview, thumbnailEncSha256: preview },
  ...{ mediaKey: preview, mediaKeyTimestamp: preview, thumbnailHeight: preview, thumbnailWidth: preview },
  ...{ inviteLinkGroupType: said, inviteLinkParentGroupSubjectV2: said, inviteLinkParentGroupThumbnailV2: preview },
  ...{
    inviteLinkGroupTypeV2: said,
    viewOnce: machine,
    videoHeight: looks,
    videoWidth: looks,
    faviconMMSMetadata: preview,
  },
  ...{ linkPreviewMetadata: machine, paymentLinkMetadata: machine, endCardTiles: preview, videoContentUrl: said },
  ...{ musicMetadata: said, paymentExtendedMetadata: machine },
};
const PLACE: Fates<proto.Message.ILocationMessage> = {
  ...{
    degreesLatitude: READ,
    degreesLongitude: READ,
    name: READ,
    address: READ,
    url: READ,
    isLive: READ,
    comment: READ,
  },
  ...{ contextInfo: READ, accuracyInMeters: counts, speedInMps: counts, degreesClockwiseFromMagneticNorth: counts },
  jpegThumbnail: preview,
};

const FOLDERS: readonly (readonly [folder: string, what: string, fates: Readonly<Record<string, string>>])[] = [
  ["telegram", "around a message", AROUND],
  ["telegram", "a poll", POLL],
  ["telegram", "a giveaway", GIVEAWAY],
  ["discord", "a message", DISCORD],
  ["discord", "an embed", EMBED],
  ["discord", "a file", ATTACHMENT],
  ["discord", "a poll", DISCORD_POLL],
  ["whatsapp", "around a message", CONTEXT],
  ["whatsapp", "a text", EXTENDED],
  ["whatsapp", "a place", PLACE],
];

/** The program text of a channel. */
function sourceOf(folder: string): string {
  const path = join(import.meta.dirname, folder);
  const names = readdirSync(path).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  return names.map((name) => readFileSync(join(path, name), "utf8")).join("\n");
}

describe("each field of the SDK is named by the channel, or left out with a reason:", () => {
  for (const [folder, what, fates] of FOLDERS)
    test(`${folder}, ${what}`, () => {
      const source = sourceOf(folder);

      const unnamed = Object.entries(fates).filter(
        ([field, fate]) => fate === READ && !new RegExp(`\\b${field}\\b`).test(source),
      );
      assert.deepEqual(unnamed, []);
      assert.ok(Object.values(fates).every((fate) => fate === READ || fate.length > 8));
    });
});

const READER = {
  ...{ userId: "U1", botId: "B1", now: 1 },
  names: { person: () => undefined, channel: () => undefined, group: () => undefined },
} as unknown as Parameters<typeof eventInbound>[1];
const EVENTS = join(import.meta.dirname, "../../../../node_modules/@slack/types/dist/events");
const declared = (field: "type" | "subtype") => {
  const text = readdirSync(EVENTS)
    .filter((name) => name.endsWith(".d.ts"))
    .map((name) => readFileSync(join(EVENTS, name), "utf8"))
    .join("\n");
  return [...new Set([...text.matchAll(new RegExp(`^    ${field}: '(\\w+)';`, "gm"))].map(([, name]) => name!))];
};

describe("each kind of event that Slack's library knows", () => {
  test("has at least those that are documented", () => {
    assert.deepEqual([declared("subtype").length > 10, declared("type").length > 50], [true, true]);
  });

  for (const subtype of declared("subtype"))
    test(`message, ${subtype}: is one of those that are named`, () => {
      const message = { ts: "1.1", user: "U2", text: "x" };
      const event = { type: "message", subtype, channel: "C1", ...message, message, previous_message: message };

      const reading = eventInbound({ event: { ...event, deleted_ts: "1.1" }, event_id: "E1" }, READER);

      assert.ok(!JSON.stringify(reading).includes("does not know"), JSON.stringify(reading));
    });
});
