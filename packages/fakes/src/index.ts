/** Fakes of messaging platforms. */
export type {
  Delivered,
  FakeFile,
  FakePlatform,
  GivenReaction,
  Said,
  SaysOptions,
  Trouble,
} from "./platform.ts";
export { Changes, until } from "./watch.ts";
