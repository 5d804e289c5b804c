/** Fakes of messaging platforms. */
export { type FakeDiscord, fakeDiscord } from "./discord/index.ts";
export type {
  Delivered,
  FakeFile,
  FakePlatform,
  GivenReaction,
  Said,
  SaysOptions,
  Trouble,
} from "./platform.ts";
export { FakeTelegram, fakeTelegram } from "./telegram/fake.ts";
export { Changes, until } from "./watch.ts";
export { fakeWhatsApp } from "./whatsapp/index.ts";
