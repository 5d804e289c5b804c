/** The fake platforms that a drill runs against. */

import * as fakes from "@moltbot/fakes";
import { codeOf } from "../../base/errors.ts";
import { usageError } from "../language/exit.ts";

const FAKES: Readonly<Record<string, () => Promise<fakes.FakePlatform>>> = {
  whatsapp: fakes.fakeWhatsApp,
  telegram: fakes.fakeTelegram,
  slack: fakes.fakeSlack,
  discord: fakes.fakeDiscord,
  // With a signal-cli of the gateway's own, as most have it: only then nothing is lost by a kill.
  signal: () => fakes.fakeSignal({ asProgram: true }),
  imessage: fakes.fakeBlueBubbles,
};

/** Starts all of them, or the one that is named. `left` are those whose library is not installed. */
export async function startFakes(channel?: string): Promise<{ platforms: fakes.FakePlatform[]; left: string[] }> {
  const names = Object.keys(FAKES);
  const wanted = channel === undefined ? names : names.filter((name) => name === channel.toLowerCase());
  if (wanted.length === 0) throw usageError(`--channel is one of ${names.join(", ")}.`);
  const platforms: fakes.FakePlatform[] = [];
  const left: string[] = [];
  for (const name of wanted) {
    try {
      platforms.push(await FAKES[name]!());
    } catch (error) {
      if (codeOf(error) !== "ERR_MODULE_NOT_FOUND") throw error;
      left.push(name);
    }
  }
  return { platforms, left };
}
