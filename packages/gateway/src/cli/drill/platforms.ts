/** The fake platforms that a drill runs against. */

import { type FakePlatform, fakeDiscord, fakeTelegram } from "@moltbot/fakes";
import { usageError } from "../exit.ts";

const FAKES: Readonly<Record<string, () => Promise<FakePlatform>>> = {
  telegram: fakeTelegram,
  discord: fakeDiscord,
};

/** Starts all of them, or the one that is named. */
export async function startFakes(channel?: string): Promise<FakePlatform[]> {
  const names = Object.keys(FAKES);
  const wanted = channel === undefined ? names : names.filter((name) => name === channel.toLowerCase());
  if (wanted.length === 0) throw usageError(`--channel is one of ${names.join(", ")}.`);
  return await Promise.all(wanted.map((name) => FAKES[name]!()));
}
