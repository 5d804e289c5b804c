/** Linking a phone: by a QR code that rotates, or by a code that is typed on the phone. And unlinking it. */

import type { AuthenticationCreds } from "@whiskeysockets/baileys";
import { ignore } from "../../base/errors.ts";
import {
  ChannelError,
  type LoginContext,
  type LoginStep,
  type ProbeContext,
  type StateChanges,
} from "../../kit/channel.ts";
import { accountId, chosenName, type Peer } from "../../kit/party.ts";
import { peerId, withoutDevice } from "./addresses.ts";
import type { WhatsAppSettings } from "./connection.ts";
import { credentialChanges, keyStore, removal, storedCredentials } from "./credentials.ts";
import { closeReason, isRestartRequired, notReached } from "./errors.ts";
import { type Baileys, loadBaileys } from "./library.ts";
import { lockSession } from "./session-lock.ts";
import { Socket } from "./socket.ts";

/** How long the first QR code and the ones after it live (the library's defaults). */
const FIRST_QR_MS = 60_000;
const NEXT_QR_MS = 20_000;

/** Links an account; see `ChannelDefinition.login`. Nothing is stored before the phone has agreed. */
export async function* login(context: LoginContext<WhatsAppSettings>): AsyncGenerator<LoginStep> {
  const library = await loadBaileys();
  const pairing = new PairingSocket(library, context);
  try {
    yield* context.phoneNumber === undefined ? pairing.byQr() : pairing.byCode(context.phoneNumber);
    yield { kind: "waiting", message: "The phone has agreed; WhatsApp is linking the device." };
    yield { kind: "done", self: await pairing.linked };
  } finally {
    await pairing.end();
  }
}

type Event = { readonly qr: string } | { readonly isAgreed: true };

class PairingSocket {
  /** Resolves when the phone has agreed and the service has confirmed it. */
  readonly linked: Promise<Peer>;
  readonly #context: LoginContext<WhatsAppSettings>;
  readonly #library: Baileys;
  readonly #creds: AuthenticationCreds;
  readonly #keys = new Map<string, string>();
  readonly #socket: Socket;
  readonly #events: Event[] = [];
  /** Whether the service has answered with a code. */
  #isOffered = false;
  #wake = Promise.withResolvers<void>();

  constructor(library: Baileys, context: LoginContext<WhatsAppSettings>) {
    const { log, clock, settings, signal } = context;
    this.#context = context;
    this.#library = library;
    this.#creds = library.initAuthCreds();
    const rows = {
      get: (key: string) => this.#keys.get(key),
      commit: async (changes: StateChanges) => {
        for (const [key, value] of Object.entries(changes))
          value === undefined ? this.#keys.delete(key) : this.#keys.set(key, value);
      },
    };
    const auth = { creds: this.#creds, keys: keyStore(library, rows) };
    this.#socket = new Socket({ library, log, clock, signal, url: settings.waWebSocketUrl, auth });
    this.#socket.library.ev.on("connection.update", ({ qr, isNewLogin }) => {
      if (qr) {
        this.#isOffered = true;
        this.#tell({ qr });
      }
      if (!isNewLogin) return;
      this.#store();
      this.#tell({ isAgreed: true });
    });
    this.linked = this.#socket.closed.then((error) => this.#result(error));
    void this.linked
      .catch((error: unknown) => ignore(error, "whoever waits for the link is told"))
      .finally(() => this.#wake.resolve());
  }

  async *byQr(): AsyncGenerator<LoginStep> {
    let livesMs = FIRST_QR_MS;
    for await (const text of this.#codes()) {
      yield { kind: "qr", text, expiresAt: this.#context.clock.now() + livesMs };
      livesMs = NEXT_QR_MS;
    }
  }

  async *byCode(phoneNumber: string): AsyncGenerator<LoginStep> {
    let isAsked = false;
    // The service takes the number once it has offered QR codes, which are not needed then.
    for await (const _qr of this.#codes()) {
      if (isAsked) continue;
      isAsked = true;
      const code = await this.#requestCode(phoneNumber);
      const message = `On the phone with ${phoneNumber}: Settings, Linked devices, Link a device, Link with phone number instead.`;
      yield { kind: "code", code: `${code.slice(0, 4)}-${code.slice(4)}`, message };
    }
  }

  async end(): Promise<void> {
    this.#socket.end();
    await this.#socket.gone();
  }

  /** QR texts until the phone agrees. Throws when the link ends before. */
  async *#codes(): AsyncGenerator<string> {
    for (;;) {
      const event = this.#events.shift();
      if (event && "qr" in event) yield event.qr;
      else if (event) return;
      else if (this.#socket.isEnded) return void (await this.linked);
      else await this.#next();
    }
  }

  async #next(): Promise<void> {
    await this.#wake.promise;
    this.#wake = Promise.withResolvers();
  }

  #tell(event: Event): void {
    this.#events.push(event);
    this.#wake.resolve();
  }

  async #requestCode(phoneNumber: string): Promise<string> {
    const digits = phoneNumber.replace(/\D/g, "");
    if (!/^\d{7,15}$/.test(digits)) {
      throw new ChannelError(
        "rejected",
        `${phoneNumber} is no phone number; give it with its country code, such as +15551234567.`,
      );
    }
    try {
      return await this.#socket.library.requestPairingCode(digits);
    } catch (error) {
      throw closeReason(error);
    }
  }

  /** Puts the new session in the place of an old one, in one write. */
  #store(): void {
    const { state } = this.#context;
    const changes = {
      ...removal(state),
      ...Object.fromEntries(this.#keys),
      ...credentialChanges(this.#library, state, this.#creds),
    };
    state.write({ ...changes, "creds.previous": undefined });
  }

  #result(error: unknown) {
    const { me, account } = this.#creds;
    // Only after it has confirmed the link does the service ask for a new connection.
    if (me && account && isRestartRequired(error)) {
      return { id: accountId(peerId(withoutDevice(me.id))), ...(me.name && { name: chosenName(me.name) }) };
    }
    const reason = closeReason(error);
    if (reason.kind !== "network" || error instanceof ChannelError) throw reason;
    if (!this.#isOffered) throw notReached(error);
    throw new ChannelError(
      "network",
      "The login ended before a phone was linked; run moltbot channels login whatsapp again and scan within two minutes.",
      { cause: error },
    );
  }
}

/** Takes the device out of the phone's linked ones; see `ChannelDefinition.logout`. */
export async function logout(context: ProbeContext<WhatsAppSettings>): Promise<void> {
  const library = await loadBaileys();
  const creds = storedCredentials(library, context.state);
  if (!creds?.me) return;
  using _lock = lockSession(creds.me.id);
  const { state, log, clock, settings, signal } = context;
  const rows = { get: (key: string) => state.get(key), commit: async (changes: StateChanges) => state.write(changes) };
  const auth = { creds, keys: keyStore(library, rows) };
  const socket = new Socket({ library, log, clock, signal, url: settings.waWebSocketUrl, auth });
  try {
    const opened = Promise.withResolvers<void>();
    socket.library.ev.on("connection.update", ({ connection }) => {
      if (connection === "open") opened.resolve();
    });
    const closed = socket.closed.then((error) => error);
    const problem = await Promise.race([opened.promise, closed]);
    // It was logged out already: that is what was asked for.
    if (socket.isEnded && closeReason(problem).kind === "logged-out") return;
    if (socket.isEnded) throw closeReason(problem);
    await socket.library.logout();
    await closed;
  } finally {
    socket.end();
    await socket.gone();
  }
}
