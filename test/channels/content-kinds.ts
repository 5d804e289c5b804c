/**
 * Every kind of content that a platform has, as one message of each on each channel, said through the fake of the platform.
 * `docs/channels/content.md` is made of it. A text instead of a message says why there is none.
 */
import type {
  FakeBlueBubbles,
  FakeDiscord,
  FakeFile,
  FakeImsg,
  FakeSignal,
  FakeSlack,
  FakeTelegram,
  FakeWhatsApp,
} from "../../packages/fakes/src/index.ts";

type Says<Fake> = string | ((fake: Fake) => Promise<unknown> | unknown);

/** A row of the table. */
export interface ContentKind {
  readonly kind: string;
  readonly whatsapp: Says<FakeWhatsApp>;
  readonly telegram: Says<FakeTelegram>;
  readonly slack: Says<FakeSlack>;
  readonly discord: Says<FakeDiscord>;
  readonly signal: Says<FakeSignal>;
  readonly bluebubbles: Says<FakeBlueBubbles>;
  readonly imsg: Says<FakeImsg>;
}

const NONE = "The platform has none.";
const CLUB = { in: { group: "club" } } as const;
const AT = 1_700_000_000;
const png: FakeFile = { bytes: new Uint8Array(64), mimeType: "image/png", fileName: "dot.png", kind: "image" };
const voice: FakeFile = { bytes: new Uint8Array(64), mimeType: "audio/ogg", fileName: "note.ogg", kind: "voice" };
const sticker: FakeFile = { bytes: new Uint8Array(64), mimeType: "image/webp", fileName: "s.webp", kind: "sticker" };
const VCARD = "BEGIN:VCARD\nVERSION:3.0\nFN:Bob Bee\nORG:Bee Ltd\nTEL:+15550199\nEMAIL:bob@bee.example\nEND:VCARD";
const balloon = (balloonBundleId: string) => ({ text: "\uFFFC", balloonBundleId, attachments: [] });
const PREVIEW = { title: "The page", description: "What it is about" };

/** Somebody answers a picture that somebody else has sent without words. */
async function answersPicture(fake: { says(text: string, options: object): Promise<{ id: string }> }): Promise<void> {
  const { id } = await fake.says("", { ...CLUB, from: "bob", files: [png] });
  await fake.says("what is this?", { ...CLUB, replyTo: id });
}

const discordCard = {
  embeds: [
    {
      ...{ type: "rich", title: "Build 7", description: "passed", url: "https://ci.example/7" },
      ...{ fields: [{ name: "branch", value: "main" }], footer: { text: "CI" } },
    },
  ],
  components: [
    {
      type: 17,
      components: [
        { type: 10, content: "Deploy **now**?" },
        { type: 1, components: [{ type: 2, label: "Deploy", custom_id: "x", style: 1 }] },
      ],
    },
  ],
};

const slackBlocks = [
  { type: "header", text: { type: "plain_text", text: "Build 7" } },
  {
    type: "section",
    text: { type: "mrkdwn", text: "*passed* on <https://ci.example/7|CI>" },
    fields: [{ type: "mrkdwn", text: "branch: main" }],
  },
  { type: "actions", elements: [{ type: "button", text: { type: "plain_text", text: "Deploy" }, action_id: "d" }] },
];

export const CONTENT_KINDS: readonly ContentKind[] = [
  {
    kind: "mention of somebody",
    whatsapp: (fake) => fake.says("ask \uFFFC please", { ...CLUB, mentions: ["bob"] }),
    telegram: (fake) => fake.says("ask \uFFFC please", { ...CLUB, mentions: ["bob"] }),
    slack: (fake) => fake.says("ask \uFFFC please", { ...CLUB, mentions: ["bob"] }),
    discord: (fake) => fake.says("ask \uFFFC please", { ...CLUB, mentions: ["bob"] }),
    signal: (fake) => fake.says("ask \uFFFC please", { ...CLUB, mentions: ["bob"] }),
    bluebubbles: (fake) => fake.says("ask \uFFFC please", { ...CLUB, mentions: ["bob"] }),
    imsg: (fake) => fake.says("ask \uFFFC please", { ...CLUB, mentions: ["bob"] }),
  },
  {
    kind: "mention of the account, then a command",
    whatsapp: (fake) => fake.says("/status", { ...CLUB, mentionsBot: true }),
    telegram: (fake) => fake.says("/status", { ...CLUB, mentionsBot: true }),
    slack: (fake) => fake.says("/status", { ...CLUB, mentionsBot: true }),
    discord: (fake) => fake.says("/status", { ...CLUB, mentionsBot: true }),
    signal: (fake) => fake.says("/status", { ...CLUB, mentionsBot: true }),
    bluebubbles: (fake) => fake.says("/status", { ...CLUB, mentionsBot: true }),
    imsg: (fake) => fake.says("@moltbot /status", CLUB),
  },
  {
    kind: "forwarded message",
    whatsapp: (fake) => fake.says("read this", { forwardedFrom: "carol" }),
    telegram: (fake) => fake.says("read this", { forwardedFrom: "carol" }),
    slack: (fake) => fake.says("read this", { forwardedFrom: "carol" }),
    discord: (fake) => fake.says("read this", { forwardedFrom: "carol" }),
    signal: "Signal does not say that a message was forwarded.",
    bluebubbles: "iMessage does not say that a message was forwarded.",
    imsg: "iMessage does not say that a message was forwarded.",
  },
  {
    kind: "message in a topic or thread",
    whatsapp: NONE,
    telegram: (fake) => fake.says("in here", { in: { group: "forum" }, thread: "Plans" }),
    slack: (fake) => fake.says("in here", { ...CLUB, thread: "Plans" }),
    discord: (fake) => fake.says("in here", { in: { group: "forum" }, thread: "Plans" }),
    signal: NONE,
    bluebubbles: "Threads of iMessage are replies.",
    imsg: "Threads of iMessage are replies.",
  },
  {
    kind: "reply to a picture without words",
    whatsapp: answersPicture,
    telegram: answersPicture,
    slack: "Slack's replies are threads; the picture stands in the thread.",
    discord: answersPicture,
    signal: answersPicture,
    bluebubbles: answersPicture,
    imsg: answersPicture,
  },
  {
    kind: "quote from another chat",
    whatsapp: (fake) =>
      fake.sends({
        extendedTextMessage: {
          text: "and this?",
          contextInfo: {
            ...{ stanzaId: "S1", participant: "15559999@s.whatsapp.net", remoteJid: "status@broadcast" },
            quotedMessage: { conversation: "on holiday" },
          },
        },
      }),
    telegram: (fake) =>
      fake.sends({
        text: "and this?",
        external_reply: {
          origin: {
            type: "channel",
            chat: { id: -100_5, type: "channel", title: "The News" },
            message_id: 4,
            date: AT,
          },
          chat: { id: -100_5, type: "channel", title: "The News" },
          ...{ message_id: 4, photo: [{ file_id: "f", file_unique_id: "u", width: 9, height: 9 }] },
        },
        quote: { text: "it rains", position: 0 },
      }),
    slack: NONE,
    discord: (fake) =>
      fake.sends({
        ...{
          type: 19,
          content: "and this?",
          message_reference: { message_id: "900000000000000001", channel_id: "900000000000000002" },
        },
        referenced_message: {
          ...{
            id: "900000000000000001",
            channel_id: "900000000000000002",
            type: 0,
            content: "it rains",
            attachments: [],
          },
          ...{
            author: { id: "900000000000000003", username: "carol", global_name: "carol" },
            embeds: [],
            mentions: [],
          },
        },
      }),
    signal: (fake) => fake.sends({ message: "nice", storyContext: { author: "+15550111", sentTimestamp: AT } }),
    bluebubbles: NONE,
    imsg: NONE,
  },
  {
    kind: "contact card",
    whatsapp: (fake) => fake.sends({ contactMessage: { displayName: "Bob Bee", vcard: VCARD } }),
    telegram: (fake) =>
      fake.sends({ contact: { first_name: "Bob", last_name: "Bee", phone_number: "+15550199", vcard: VCARD } }),
    slack: NONE,
    discord: NONE,
    signal: (fake) =>
      fake.sends({
        contacts: [
          {
            ...{ name: { display: "Bob Bee" }, organization: "Bee Ltd" },
            ...{ phone: [{ value: "+15550199", type: "MOBILE" }], email: [{ value: "bob@bee.example", type: "WORK" }] },
          },
        ],
      }),
    bluebubbles: (fake) => fake.says("", { files: [vcf()] }),
    imsg: (fake) => fake.says("", { files: [vcf()] }),
  },
  {
    kind: "place",
    whatsapp: (fake) =>
      fake.sends({
        locationMessage: { degreesLatitude: 48.2, degreesLongitude: 16.36, name: "Café", address: "Road 1" },
      }),
    telegram: (fake) =>
      fake.sends({
        venue: { location: { latitude: 48.2, longitude: 16.36 }, title: "Café", address: "Road 1" },
        location: { latitude: 48.2, longitude: 16.36 },
      }),
    slack: NONE,
    discord: NONE,
    signal: "Signal sends a picture of a map and an address as text.",
    bluebubbles: (fake) =>
      fake.says("", { files: [{ ...vcf(), fileName: "CL.loc.vcf", mimeType: "text/x-vlocation" }] }),
    imsg: (fake) => fake.says("", { files: [{ ...vcf(), fileName: "CL.loc.vcf", mimeType: "text/x-vlocation" }] }),
  },
  {
    kind: "live place",
    whatsapp: (fake) =>
      fake.sends({ liveLocationMessage: { degreesLatitude: 48.2, degreesLongitude: 16.36, caption: "on my way" } }),
    telegram: (fake) => fake.sends({ location: { latitude: 48.2, longitude: 16.36, live_period: 900 } }),
    slack: NONE,
    discord: NONE,
    signal: NONE,
    bluebubbles: (fake) =>
      fake.says("", {
        fields: balloon("com.apple.messages.MSMessageExtensionBalloonPlugin:0:com.apple.findmy.FindMyMessagesApp"),
      }),
    imsg: (fake) =>
      fake.says("", { fields: { text: "", balloon_bundle_id: "x:0:com.apple.findmy.FindMyMessagesApp" } }),
  },
  {
    kind: "poll",
    whatsapp: (fake) =>
      fake.sends({
        pollCreationMessageV3: {
          name: "Tea?",
          options: [{ optionName: "yes" }, { optionName: "no" }],
          selectableOptionsCount: 1,
        },
      }),
    telegram: (fake) =>
      fake.sends({
        poll: {
          id: "1",
          question: "Tea?",
          options: [
            { text: "yes", voter_count: 0 },
            { text: "no", voter_count: 0 },
          ],
          type: "regular",
        },
      }),
    slack: NONE,
    discord: (fake) =>
      fake.sends({
        poll: {
          question: { text: "Tea?" },
          answers: [
            { answer_id: 1, poll_media: { text: "yes" } },
            { answer_id: 2, poll_media: { text: "no" } },
          ],
          allow_multiselect: false,
          expiry: null,
          layout_type: 1,
        },
      }),
    signal: (fake) => fake.sends({ pollCreate: { question: "Tea?", allowMultiple: false, options: ["yes", "no"] } }),
    bluebubbles: (fake) =>
      fake.says("", {
        fields: balloon("com.apple.messages.MSMessageExtensionBalloonPlugin:0:com.apple.messages.Polls"),
      }),
    imsg: (fake) => fake.says("", { fields: { text: "", balloon_bundle_id: "x:0:com.apple.messages.Polls" } }),
  },
  {
    kind: "vote in a poll",
    whatsapp: (fake) => fake.sends({ pollUpdateMessage: { pollCreationMessageKey: { id: "P1" }, vote: {} } }),
    telegram: (fake) =>
      fake.pushes("poll_answer", {
        poll_id: "1",
        user: { id: 5_000_009, is_bot: false, first_name: "alice" },
        option_ids: [0],
      }),
    slack: NONE,
    discord: async (fake) => {
      const { id, chatId, senderId } = await fake.says("before the vote");
      fake.tells("MESSAGE_POLL_VOTE_ADD", { user_id: senderId, channel_id: chatId, message_id: id, answer_id: 1 });
    },
    signal: (fake) => fake.sends({ pollVote: { targetSentTimestamp: AT, optionIndexes: [0], voteCount: 1 } }),
    bluebubbles: (fake) => fake.says("", { fields: { associatedMessageGuid: "p:0/G", associatedMessageType: "vote" } }),
    imsg: "imsg does not tell of votes.",
  },
  {
    kind: "card of a program",
    whatsapp: (fake) =>
      fake.sends({
        interactiveMessage: {
          ...{ header: { title: "Build 7" }, body: { text: "passed" }, footer: { text: "CI" } },
          nativeFlowMessage: {
            buttons: [{ name: "quick_reply", buttonParamsJson: '{"display_text":"Deploy","id":"d"}' }],
          },
        },
      }),
    telegram: (fake) =>
      fake.sends({
        rich_message: {
          blocks: [
            { type: "heading", text: "Build 7", size: 1 },
            { type: "paragraph", text: ["passed on ", { type: "bold", text: "CI" }] },
          ],
        },
        reply_markup: { inline_keyboard: [[{ text: "Deploy", callback_data: "d" }]] },
      }),
    slack: (fake) => fake.sends("", { asBot: true, from: "ci", fields: { bot_id: "B9", blocks: slackBlocks } }),
    discord: (fake) => fake.sends(discordCard, { from: "ci", asBot: true }),
    signal: NONE,
    bluebubbles: (fake) =>
      fake.says("", { fields: balloon("com.apple.messages.MSMessageExtensionBalloonPlugin:0:com.example.game") }),
    imsg: (fake) => fake.says("", { fields: { text: "", balloon_bundle_id: "x:0:com.example.game" } }),
  },
  {
    kind: "attachment with a title and fields only",
    whatsapp: NONE,
    telegram: NONE,
    slack: (fake) =>
      fake.sends("", {
        from: "ci",
        fields: {
          bot_id: "B9",
          attachments: [{ title: "Alarm", fields: [{ title: "disk", value: "97 %" }], fallback: "old" }],
        },
      }),
    discord: (fake) =>
      fake.sends(
        { embeds: [{ type: "rich", title: "Alarm", fields: [{ name: "disk", value: "97 %" }] }] },
        { from: "ci", asBot: true },
      ),
    signal: NONE,
    bluebubbles: NONE,
    imsg: NONE,
  },
  {
    kind: "rich text without a plain one",
    whatsapp: NONE,
    telegram: NONE,
    slack: (fake) =>
      fake.sends("", {
        fields: {
          blocks: [
            {
              type: "rich_text",
              elements: [
                {
                  type: "rich_text_section",
                  elements: [
                    { type: "text", text: "two things, " },
                    { type: "link", url: "https://x.example", text: "here" },
                  ],
                },
                {
                  type: "rich_text_list",
                  style: "ordered",
                  elements: [{ type: "rich_text_section", elements: [{ type: "text", text: "tea" }] }],
                },
              ],
            },
          ],
        },
      }),
    discord: NONE,
    signal: NONE,
    bluebubbles: NONE,
    imsg: NONE,
  },
  {
    kind: "table",
    whatsapp: NONE,
    telegram: (fake) =>
      fake.sends({
        rich_message: {
          blocks: [
            {
              type: "table",
              cells: [
                [{ text: "tea" }, { text: "2" }],
                [{ text: "cake" }, { text: "3" }],
              ],
            },
          ],
        },
      }),
    slack: (fake) =>
      fake.sends("", {
        from: "ci",
        fields: {
          bot_id: "B9",
          blocks: [
            {
              type: "table",
              rows: [
                [
                  { type: "raw_text", text: "tea" },
                  { type: "raw_text", text: "2" },
                ],
                [
                  { type: "raw_text", text: "cake" },
                  { type: "raw_text", text: "3" },
                ],
              ],
            },
          ],
        },
      }),
    discord: NONE,
    signal: NONE,
    bluebubbles: NONE,
    imsg: NONE,
  },
  {
    kind: "tap on a button or a row",
    whatsapp: (fake) =>
      fake.sends({
        listResponseMessage: { title: "Tea", description: "green", singleSelectReply: { selectedRowId: "tea_1" } },
      }),
    telegram: (fake) =>
      fake.pushes("callback_query", {
        id: "1",
        from: { id: 5_000_009, is_bot: false, first_name: "alice" },
        message: { message_id: 4, date: AT, chat: { id: 5_000_009, type: "private", first_name: "alice" } },
        chat_instance: "1",
        data: "tea",
      }),
    slack: async (fake) => {
      const { id } = await fake.says("before the tap");
      await fake.presses(id, "tea");
    },
    discord: async (fake) => {
      const { id, chatId, senderId } = await fake.says("before the tap");
      fake.tells("INTERACTION_CREATE", {
        ...{ id, type: 3, token: "t", application_id: "1", channel: { id: chatId, type: 1 }, message: { id } },
        ...{ user: { id: senderId, username: "alice" }, data: { custom_id: "tea", component_type: 2 } },
      });
    },
    signal: NONE,
    bluebubbles: NONE,
    imsg: NONE,
  },
  {
    kind: "message of a business",
    whatsapp: (fake) =>
      fake.sends({
        templateMessage: {
          hydratedTemplate: {
            ...{
              hydratedTitleText: "Your order",
              hydratedContentText: "It is on its way.",
              hydratedFooterText: "The shop",
            },
            hydratedButtons: [{ urlButton: { displayText: "Follow it", url: "https://shop.example/7" } }],
          },
        },
      }),
    telegram: (fake) =>
      fake.pushes("business_message", {
        message_id: 9,
        date: AT,
        business_connection_id: "b",
        chat: { id: 5_000_009, type: "private", first_name: "alice" },
        from: { id: 5_000_009, is_bot: false, first_name: "alice" },
        text: "hi",
      }),
    slack: NONE,
    discord: NONE,
    signal: NONE,
    bluebubbles: NONE,
    imsg: NONE,
  },
  {
    kind: "list to choose from",
    whatsapp: (fake) =>
      fake.sends({
        listMessage: {
          title: "Menu",
          description: "Choose",
          buttonText: "Open",
          sections: [{ title: "Hot", rows: [{ title: "Tea", rowId: "tea" }] }],
        },
      }),
    telegram: (fake) =>
      fake.sends({
        checklist: {
          title: "Shopping",
          tasks: [
            { id: 1, text: "tea" },
            { id: 2, text: "cake", completion_date: AT },
          ],
        },
      }),
    slack: (fake) =>
      fake.sends("", {
        from: "ci",
        fields: {
          bot_id: "B9",
          blocks: [
            {
              type: "section",
              text: { type: "mrkdwn", text: "Choose" },
              accessory: {
                type: "static_select",
                placeholder: { type: "plain_text", text: "Drink" },
                options: [{ text: { type: "plain_text", text: "Tea" }, value: "tea" }],
              },
            },
          ],
        },
      }),
    discord: (fake) =>
      fake.sends(
        {
          components: [
            {
              type: 1,
              components: [
                { type: 3, custom_id: "x", placeholder: "Drink", options: [{ label: "Tea", value: "tea" }] },
              ],
            },
          ],
        },
        { from: "ci", asBot: true },
      ),
    signal: NONE,
    bluebubbles: NONE,
    imsg: NONE,
  },
  {
    kind: "order, invoice or product",
    whatsapp: (fake) =>
      fake.sends({
        orderMessage: {
          orderTitle: "Two teas",
          itemCount: 2,
          totalAmount1000: 4200,
          totalCurrencyCode: "EUR",
          message: "please",
        },
      }),
    telegram: (fake) =>
      fake.sends({
        invoice: { title: "Two teas", description: "green", start_parameter: "", currency: "EUR", total_amount: 420 },
      }),
    slack: NONE,
    discord: NONE,
    signal: (fake) => fake.sends({ payment: { note: "for tea", receipt: "x" } }),
    bluebubbles: (fake) =>
      fake.says("", {
        fields: balloon(
          "com.apple.messages.MSMessageExtensionBalloonPlugin:0:com.apple.PassbookUIService.PeerPaymentMessagesExtension",
        ),
      }),
    imsg: (fake) =>
      fake.says("", {
        fields: { text: "", balloon_bundle_id: "x:0:com.apple.PassbookUIService.PeerPaymentMessagesExtension" },
      }),
  },
  {
    kind: "event or invitation",
    whatsapp: (fake) =>
      fake.sends({
        eventMessage: { name: "Tea time", description: "bring cake", startTime: AT, location: { name: "Café" } },
      }),
    telegram: (fake) =>
      fake.sends({ giveaway: { chats: [], winners_selection_date: AT, winner_count: 1, prize_description: "cake" } }),
    slack: (fake) => fake.sends("a huddle started", { ...CLUB, fields: { subtype: "huddle_thread" } }),
    discord: (fake) => fake.sends({ activity: { type: 3, party_id: "p" }, application: { id: "9", name: "Chess" } }),
    signal: NONE,
    bluebubbles: NONE,
    imsg: NONE,
  },
  {
    kind: "sticker",
    whatsapp: (fake) => fake.says("", { files: [sticker] }),
    telegram: (fake) => fake.says("", { files: [sticker] }),
    slack: NONE,
    discord: (fake) =>
      fake.sends({ sticker_items: [{ id: "900000000000000009", name: "Wumpus waves", format_type: 1 }] }),
    signal: (fake) => fake.sends({ sticker: { packId: "ab12", stickerId: 3 } }),
    bluebubbles: (fake) => fake.says("", { files: [sticker] }),
    imsg: (fake) => fake.says("", { files: [sticker] }),
  },
  {
    kind: "voice note",
    whatsapp: (fake) => fake.says("", { files: [voice] }),
    telegram: (fake) => fake.says("", { files: [voice] }),
    slack: (fake) => fake.says("", { files: [voice] }),
    discord: (fake) => fake.says("", { files: [voice] }),
    signal: (fake) => fake.says("", { files: [voice] }),
    bluebubbles: (fake) => fake.says("", { files: [voice] }),
    imsg: (fake) => fake.says("", { files: [voice] }),
  },
  {
    kind: "file that is kept back",
    whatsapp: (fake) => fake.sends({ placeholderMessage: { type: 0 } }),
    telegram: (fake) => fake.sends({ paid_media: { star_count: 5, paid_media: [{ type: "preview" }] } }),
    slack: (fake) =>
      fake.sends("old", { fields: { files: [{ id: "F1", name: "plan.pdf", mode: "hidden_by_limit" }] } }),
    discord: NONE,
    signal: (fake) => fake.sends({ viewOnce: true, attachments: [] }),
    bluebubbles: (fake) => fake.says("", { fields: balloon("com.apple.DigitalTouchBalloonProvider") }),
    imsg: (fake) => fake.says("", { fields: { text: "", balloon_bundle_id: "com.apple.DigitalTouchBalloonProvider" } }),
  },
  {
    kind: "file that is not there yet",
    whatsapp: "The library asks the phone for it; it is told when it comes.",
    telegram: NONE,
    slack: NONE,
    discord: NONE,
    signal: "signal-cli fetches files before it tells of a message.",
    bluebubbles: (fake) => fake.says("", { fields: { text: null, attachments: [] } }),
    imsg: "The file is looked for again until it is there.",
  },
  {
    kind: "story or status post",
    whatsapp: "Recorded as “unread: status post”.",
    telegram: (fake) => fake.sends({ story: { chat: { id: 5_000_009, type: "private", first_name: "alice" }, id: 3 } }),
    slack: NONE,
    discord: NONE,
    signal: (fake) => fake.tells({ storyMessage: { allowsReplies: true, textAttachment: { text: "hi" } } }),
    bluebubbles: NONE,
    imsg: NONE,
  },
  {
    kind: "address with a preview",
    whatsapp: (fake) =>
      fake.sends({
        extendedTextMessage: { text: "see https://x.example", matchedText: "https://x.example", ...PREVIEW },
      }),
    telegram: (fake) => fake.says("see https://x.example"),
    slack: (fake) =>
      fake.sends("see <https://x.example>", {
        fields: { attachments: [{ title: PREVIEW.title, text: PREVIEW.description, from_url: "https://x.example" }] },
      }),
    discord: (fake) =>
      fake.sends({
        content: "see https://x.example",
        embeds: [{ type: "link", url: "https://x.example", ...PREVIEW }],
      }),
    signal: (fake) =>
      fake.sends({
        message: "see https://x.example",
        previews: [{ url: "https://x.example", ...PREVIEW, image: null }],
      }),
    bluebubbles: (fake) =>
      fake.says("see https://x.example", { fields: { balloonBundleId: "com.apple.messages.URLBalloonProvider" } }),
    imsg: (fake) => fake.says("see https://x.example"),
  },
  {
    kind: "call",
    whatsapp: (fake) => fake.sends({ call: { callKey: new Uint8Array(4) } }),
    telegram: (fake) => fake.sends({ video_chat_started: {} }, CLUB),
    slack: (fake) => fake.sends("x", { ...CLUB, fields: { subtype: "sh_room_created" } }),
    discord: (fake) => fake.sends({ type: 3 }),
    signal: (fake) => fake.tells({ callMessage: { offerMessage: { id: 1, type: "AUDIO_CALL" } } }),
    bluebubbles: "FaceTime is another app.",
    imsg: "FaceTime is another app.",
  },
  {
    kind: "change of the chat",
    whatsapp: (fake) => fake.sends({ protocolMessage: { type: 3, ephemeralExpiration: 86_400 } }),
    telegram: (fake) => fake.sends({ new_chat_title: "The club" }, CLUB),
    slack: (fake) => fake.sends("x", { ...CLUB, fields: { subtype: "channel_topic", topic: "tea" } }),
    discord: (fake) => fake.sends({ type: 6 }, CLUB),
    signal: (fake) => fake.sends({ isExpirationUpdate: true, expiresInSeconds: 60 }),
    bluebubbles: (fake) => fake.says("", { ...CLUB, fields: { text: null, itemType: 2, groupTitle: "The club" } }),
    imsg: (fake) => fake.says("", CLUB),
  },
];

function vcf(): FakeFile {
  return { bytes: Buffer.from(VCARD), mimeType: "text/vcard", fileName: "Bob Bee.vcf", kind: "document" };
}
