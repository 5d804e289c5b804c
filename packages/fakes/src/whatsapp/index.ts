/** A fake WhatsApp; its client library, which it uses for its cryptography, is loaded when one is started. */
import type { FakeWhatsApp } from "./fake.ts";

export type { FakeWhatsApp };

/** Starts a fake WhatsApp; this process trusts it from now on. The caller disposes it. */
export async function fakeWhatsApp(): Promise<FakeWhatsApp> {
  const { startFake } = await import("./fake.ts");
  return await startFake();
}
