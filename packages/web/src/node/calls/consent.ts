// What the person of this browser lets others do: for each ability always, never, for ten minutes, or asked each time.

import { recall, remember } from "../../storage.ts";
import { said } from "../../words/t.ts";

export type ConsentId =
  | "camera.snap"
  | "camera.clip"
  | "microphone.clip"
  | "location.get"
  | "system.notify"
  | "screen.record"
  | "canvas"
  | "device";

/** What was chosen for good. */
export type Choice = "ask" | "always" | "never";

/** An answer to one call. */
export type Answer = "once" | "ten-minutes" | "always" | "no";

/** An ability as the person sees it. */
export interface Consent {
  readonly id: ConsentId;
  readonly title: string;
  /** What it means, in a sentence. */
  readonly meaning: string;
  readonly usual: Choice;
  /** Browsers want a tap for each recording of the screen. */
  readonly onlyOnce?: true;
  /** The code of a refusal (protocol: errors of commands). */
  readonly refusal: string;
}

export const CONSENTS: readonly Consent[] = [
  {
    ...{
      id: "camera.snap",
      title: said("Take pictures"),
      meaning: said("One picture with a camera of this device."),
      usual: "ask",
    },
    refusal: "CAMERA_PERMISSION_REQUIRED",
  },
  {
    ...{ id: "camera.clip", title: said("Film"), meaning: said("Up to a minute of film, with sound."), usual: "ask" },
    refusal: "CAMERA_PERMISSION_REQUIRED",
  },
  {
    ...{
      id: "microphone.clip",
      title: said("Record sound"),
      meaning: said("Up to a minute from the microphone."),
      usual: "ask",
    },
    refusal: "MIC_PERMISSION_REQUIRED",
  },
  {
    ...{
      id: "location.get",
      title: said("Tell where it is"),
      meaning: said("The place of this device, once."),
      usual: "ask",
    },
    refusal: "LOCATION_PERMISSION_REQUIRED",
  },
  {
    ...{
      id: "system.notify",
      title: said("Show notifications"),
      meaning: said("Also while the page is away."),
      usual: "always",
    },
    refusal: "NOTIFICATION_PERMISSION_REQUIRED",
  },
  {
    ...{
      id: "screen.record",
      title: said("Record the screen"),
      meaning: said("You choose each time what is seen."),
      usual: "ask",
    },
    ...{ onlyOnce: true, refusal: "SCREEN_PERMISSION_REQUIRED" },
  },
  {
    ...{
      id: "canvas",
      title: said("Show pages"),
      meaning: said("Pages that the agent made, over the whole page."),
      usual: "always",
    },
    refusal: "CANVAS_DISABLED",
  },
  {
    ...{
      id: "device",
      title: said("Tell its state"),
      meaning: said("Battery, network, and which cameras there are."),
      usual: "always",
    },
    refusal: "DEVICE_PERMISSION_REQUIRED",
  },
];

/** How long “ten minutes” are, ms. */
const TEN_MINUTES_MS = 600_000;

export class Consents {
  /** Until when an ability is allowed, epoch ms; a reload of the page ends it. */
  readonly #until = new Map<ConsentId, number>();

  /** What was chosen for good. */
  choice({ id, usual, onlyOnce }: Consent): Choice {
    const kept = recall(nameOf(id));
    if (kept === "never" || kept === "ask") return kept;
    if (kept === "always") return onlyOnce ? "ask" : kept;
    return usual;
  }

  choose({ id }: Consent, choice: Choice): void {
    this.#until.delete(id);
    remember(nameOf(id), choice);
  }

  /** Until when it is allowed without asking, epoch ms; undefined when it is not. */
  allowedUntil({ id }: Consent): number | undefined {
    const until = this.#until.get(id);
    return until !== undefined && until > Date.now() ? until : undefined;
  }

  /** Whether a call may go on, or has to be asked about. */
  verdict(consent: Consent): "yes" | "no" | "ask" {
    const choice = this.choice(consent);
    if (choice === "never") return "no";
    return choice === "always" || this.allowedUntil(consent) !== undefined ? "yes" : "ask";
  }

  /** Takes an answer to one call; whether the call may go on. */
  answered(consent: Consent, answer: Answer): boolean {
    if (answer === "always") this.choose(consent, "always");
    if (answer === "ten-minutes") this.#until.set(consent.id, Date.now() + TEN_MINUTES_MS);
    return answer !== "no";
  }

  /** Forgets everything: another gateway, or a new beginning, gets nothing that was given to the old one. */
  forget(): void {
    this.#until.clear();
    for (const { id } of CONSENTS) remember(nameOf(id), undefined);
  }
}

function nameOf(id: ConsentId): string {
  return `node.consent.${id}`;
}
