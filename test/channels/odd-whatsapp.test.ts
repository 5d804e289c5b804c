// WhatsApp: messages of all kinds with fields that are left out, empty, huge, or of odd values, as far as protocol buffers carry
// them. Each is taken in or recorded, and nothing that is said after it waits.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type FakeWhatsApp, fakeWhatsApp } from "../../packages/fakes/src/index.ts";
import { LIMIT_MS } from "../support/time-limit.ts";
import { ChannelBench } from "./bench.ts";

type Message = Parameters<FakeWhatsApp["sends"]>[0];

const KEY = {
  remoteJid: "15550001111@s.whatsapp.net",
  fromMe: false,
  id: "ABC",
  participant: "15550001111@s.whatsapp.net",
};
const CONTEXT = {
  ...{
    stanzaId: "S1",
    participant: KEY.participant,
    remoteJid: "status@broadcast",
    isForwarded: true,
    forwardingScore: 1,
  },
  ...{ quotedMessage: { conversation: "quoted" }, mentionedJid: ["15550002222@s.whatsapp.net"] },
  externalAdReply: {
    title: "an ad",
    body: "buy",
    sourceUrl: "https://example.org",
    thumbnailUrl: "https://example.org/a",
  },
  forwardedNewsletterMessageInfo: { newsletterJid: "1@newsletter", newsletterName: "news", serverMessageId: 1 },
};
const FILE = {
  ...{ url: "https://mmg.whatsapp.net/x", directPath: "/x", mimetype: "image/png", fileLength: 10, caption: "caption" },
  ...{ mediaKey: new Uint8Array(32), fileSha256: new Uint8Array(32), fileEncSha256: new Uint8Array(32) },
  ...{ height: 1, width: 1, mediaKeyTimestamp: 1, jpegThumbnail: new Uint8Array(4), contextInfo: CONTEXT },
};
const VCARD = "BEGIN:VCARD\nVERSION:3.0\nFN:Bob\nTEL;waid=15550003333:+1 555\nEND:VCARD";
const PLACE = {
  degreesLatitude: 1.5,
  degreesLongitude: 2.5,
  name: "here",
  address: "street",
  url: "https://example.org",
};

/** One message of each kind, with all that our reader looks at. */
const MESSAGES: readonly object[] = [
  { extendedTextMessage: { text: "text", matchedText: "x", title: "t", description: "d", contextInfo: CONTEXT } },
  { imageMessage: FILE, messageContextInfo: { messageAssociation: { associationType: 1, parentMessageKey: KEY } } },
  { videoMessage: { ...FILE, seconds: 1, gifPlayback: true } },
  { audioMessage: { ...FILE, seconds: 1, ptt: true, waveform: new Uint8Array(4) } },
  { documentMessage: { ...FILE, fileName: "a.pdf", title: "a", pageCount: 1 } },
  { stickerMessage: FILE },
  { locationMessage: { ...PLACE, isLive: false, comment: "c" } },
  { liveLocationMessage: { ...PLACE, accuracyInMeters: 1, sequenceNumber: 1, timeOffset: 1, caption: "c" } },
  { contactMessage: { displayName: "Bob", vcard: VCARD } },
  { contactsArrayMessage: { displayName: "two", contacts: [{ displayName: "Bob", vcard: VCARD }] } },
  {
    pollCreationMessage: {
      name: "poll",
      options: [{ optionName: "a" }, { optionName: "b" }],
      selectableOptionsCount: 1,
    },
  },
  { pollUpdateMessage: { pollCreationMessageKey: KEY, vote: {}, senderTimestampMs: 1 } },
  { reactionMessage: { key: KEY, text: "👍", senderTimestampMs: 1 } },
  { protocolMessage: { type: 0, key: KEY } },
  { protocolMessage: { type: 14, key: KEY, editedMessage: { conversation: "edited" }, timestampMs: 1 } },
  { protocolMessage: { type: 3, ephemeralExpiration: 86_400 } },
  { eventMessage: { name: "event", description: "d", startTime: 1, location: PLACE, isCanceled: false } },
  { groupInviteMessage: { groupJid: "1@g.us", inviteCode: "x", inviteExpiration: 1, groupName: "club", caption: "c" } },
  { buttonsResponseMessage: { selectedButtonId: "1", selectedDisplayText: "yes", contextInfo: CONTEXT } },
  { listResponseMessage: { title: "t", description: "d", singleSelectReply: { selectedRowId: "1" } } },
  { templateButtonReplyMessage: { selectedId: "1", selectedDisplayText: "yes", selectedIndex: 1 } },
  { interactiveResponseMessage: { body: { text: "b" }, nativeFlowResponseMessage: { name: "n", paramsJson: "{}" } } },
  {
    productMessage: {
      product: { title: "tea", priceAmount1000: 1, currencyCode: "EUR" },
      businessOwnerJid: KEY.remoteJid,
    },
  },
  { orderMessage: { orderId: "1", itemCount: 1, orderTitle: "t", message: "m", totalAmount1000: 1 } },
  { ephemeralMessage: { message: { extendedTextMessage: { text: "inner", contextInfo: CONTEXT } } } },
  { viewOnceMessage: { message: { imageMessage: FILE } } },
  { documentWithCaptionMessage: { message: { documentMessage: FILE } } },
  { editedMessage: { message: { protocolMessage: { type: 14, key: KEY, editedMessage: { imageMessage: FILE } } } } },
  { albumMessage: { expectedImageCount: 1, expectedVideoCount: 1 } },
  { pinInChatMessage: { key: KEY, type: 1, senderTimestampMs: 1 } },
  { requestPhoneNumberMessage: { contextInfo: CONTEXT } },
  { call: { callKey: new Uint8Array(4), conversionSource: "x" } },
];

const ODD_TEXT = "\u202e\u0000\u0007\u2066\u200b\r\n\ud83d" as const;
const BIG = "w".repeat(1_000_000);
const DIGITS = "99999999999999999999";

/** What may stand in the place of a value, so that protocol buffers still carry it; `undefined` leaves it out. */
function oddFor(value: unknown): readonly unknown[] {
  if (typeof value === "string") return [undefined, "", ODD_TEXT, `@${DIGITS}@s.whatsapp.net`];
  if (typeof value === "number") return [undefined, 0, 1, 2_147_483_647];
  if (typeof value === "boolean") return [undefined, !value];
  if (value instanceof Uint8Array) return [undefined, new Uint8Array(0), new Uint8Array([255])];
  if (Array.isArray(value)) return [undefined, [], Array.from({ length: 300 }, () => value[0])];
  return [undefined, {}];
}

/** The message with each of its values replaced, one by one. */
function* variants(value: unknown): Generator<unknown> {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return;
  for (const [key, held] of Object.entries(value)) {
    const put = (other: unknown) =>
      Array.isArray(value) ? value.with(Number(key), other) : { ...value, [key]: other };
    if (!Array.isArray(value)) for (const odd of oddFor(held)) yield put(odd);
    for (const odd of variants(held)) yield put(odd);
  }
}

test("no message of WhatsApp with an odd field holds up what is said after it", async () => {
  await using bench = await ChannelBench.start(fakeWhatsApp);
  const fake = bench.fake as FakeWhatsApp;
  const big = [{ conversation: BIG }, { imageMessage: { ...FILE, caption: BIG } }, { contactMessage: { vcard: BIG } }];

  for (const message of [...MESSAGES.flatMap((each) => [...variants(each)]), ...big])
    await fake.sends(message as Message);
  await fake.says("/echo said after all of it");
  await bench.delivered("said after all of it", 3 * LIMIT_MS);
  // Whoever watched all of that may have fallen behind and been closed.
  bench.operator = await bench.gateway.connect({ scopes: ["operator.admin"] });
  const { entries } = await bench.operator.call("inbox.list", { limit: 500 });

  assert.deepEqual(
    entries.filter(({ rule }: { rule?: string }) => rule === "internal-error"),
    [],
  );
  assert.deepEqual(
    bench.gateway.log.filter(({ level }) => level === "error"),
    [],
  );
  // What holds nothing at all cannot be told from a damaged message; all others are read.
  const unread = bench.gateway.log.filter(
    ({ sentence }) => sentence === "a platform sent something that cannot be read",
  );
  assert.ok(unread.length <= 4, `${unread.length} could not be read`);
  assert.equal((await bench.account()).state, "connected");
});
