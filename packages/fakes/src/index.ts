/** Fakes of messaging platforms. */

export { type FakeDiscord, fakeDiscord } from "./discord/index.ts";
export { type FakeBlueBubbles, fakeBlueBubbles } from "./imessage/bluebubbles.ts";
export { type FakeImsg, fakeImsg } from "./imessage/imsg.ts";
export {
  type Delivered,
  type FakeFile,
  type FakePlatform,
  type GivenReaction,
  MENTION,
  type Said,
  type SaysOptions,
  type Trouble,
} from "./platform.ts";
export { type FakeSignal, fakeSignal } from "./signal/index.ts";
export { type FakeSlack, fakeSlack } from "./slack/fake.ts";
export { FakeTelegram, fakeTelegram } from "./telegram/fake.ts";
export { Changes, until } from "./watch.ts";
export { type FakeWhatsApp, fakeWhatsApp } from "./whatsapp/index.ts";
