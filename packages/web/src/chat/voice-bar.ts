// What stands in the field's place while a voice message is recorded: how long it is, discard and send.

import { html, nothing, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from "lit";
import type { Attachment } from "../conversation/outbox.ts";
import type { Recording } from "../recorder.ts";
import { minutesAndSeconds } from "../time.ts";
import { said, t } from "../words/t.ts";
import { sendIcon, trashIcon } from "./icons.ts";

/** What becomes of a recording. */
export interface VoiceListener {
  onVoice(voice: Attachment): void;
  /** Why there is none, as a sentence for the person. */
  onProblem(problem: string): void;
  /** Nothing is recorded any more. */
  onEnd(): void;
}

/** The gateway was away, or has another page by now. */
const NOT_LOADED = said("The part of the page that records could not be loaded. Reload the page and try again.");

/** Whether the browser can record: it gives no microphone to pages on plain http from another machine. */
export function canRecord(): boolean {
  return isSecureContext && "MediaRecorder" in window && navigator.mediaDevices !== undefined;
}

/** Records one voice message at a time. The recording goes on when another conversation is opened. */
export class VoiceBar implements ReactiveController {
  readonly #host: ReactiveControllerHost & Element;
  readonly #listener: VoiceListener;
  #recording: Recording | undefined;
  #isAsking = false;

  constructor(host: ReactiveControllerHost & Element, listener: VoiceListener) {
    this.#host = host;
    this.#listener = listener;
    host.addController(this);
  }

  get isOpen(): boolean {
    return this.#recording !== undefined;
  }

  hostDisconnected(): void {
    this.#recording?.giveUp();
  }

  /** Asks for the microphone and records until somebody ends it. */
  async record(): Promise<void> {
    if (this.#isAsking || this.isOpen) return;
    this.#isAsking = true;
    let why: (error: unknown) => string = () => t(NOT_LOADED);
    try {
      const { startRecording, whyNoRecording } = await import("../recorder.ts");
      why = whyNoRecording;
      this.#recording = await startRecording();
    } catch (error) {
      return this.#listener.onProblem(why(error));
    } finally {
      this.#isAsking = false;
    }
    await this.#untilEnd(this.#recording);
  }

  render(): TemplateResult | typeof nothing {
    if (this.#recording === undefined) return nothing;
    const { startedAt, finish, giveUp } = this.#recording;
    return html`<div
      class="field recording"
      role="group"
      aria-label="Voice message"
      @keydown=${({ key }: KeyboardEvent) => key === "Escape" && giveUp()}
    >
      <button type="button" class="icon-button" aria-label="Discard the recording" title="Discard (Esc)" @click=${giveUp}>
        ${trashIcon}
      </button>
      <p><span class="dot"></span>Recording ${minutesAndSeconds(Date.now() - startedAt)}</p>
      <button type="button" class="round send" aria-label="Send the recording" title="Send" @click=${finish}>
        ${sendIcon}
      </button>
    </div>`;
  }

  async #untilEnd(recording: Recording): Promise<void> {
    const ticking = setInterval(() => this.#host.requestUpdate(), 1_000);
    this.#host.requestUpdate();
    await this.#host.updateComplete;
    this.#host.querySelector<HTMLElement>(".recording .send")?.focus();
    const voice = await recording.ended;
    clearInterval(ticking);
    this.#recording = undefined;
    if (voice !== undefined) this.#listener.onVoice(voice);
    this.#listener.onEnd();
  }
}
