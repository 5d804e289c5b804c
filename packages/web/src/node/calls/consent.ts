// What the person of this browser lets others do: for each command always, never, for ten minutes, or asked each time.
// Commands that belong together form a group, so that one choice can be made for all of them.

import { recall, remember } from "../../visit/storage.ts";
import { said } from "../../words/t.ts";

export type GroupId = "canvas" | "device";

/** What was chosen for good. */
export type Choice = "ask" | "always" | "never";

/** An answer to one call. */
export type Answer = "once" | "ten-minutes" | "always" | "no";

/** An answer, and whether it is meant for the whole group. */
export interface Decision {
  readonly answer: Answer;
  readonly isForGroup: boolean;
}

/** An ability as the person sees it: a command, or a group of commands. */
export interface Consent {
  /** The command's name, or the group's. */
  readonly id: string;
  /** The group that a command belongs to. */
  readonly group?: GroupId;
  readonly title: string;
  /** What it means, in a sentence. */
  readonly meaning: string;
  readonly usual: Choice;
  /** Browsers want a tap for each recording of the screen. */
  readonly onlyOnce?: true;
  /** The code of a refusal (protocol: errors of commands). */
  readonly refusal: string;
}

const CANVAS = { group: "canvas", usual: "always", refusal: "CANVAS_DISABLED" } as const;
const DEVICE = { group: "device", usual: "always", refusal: "DEVICE_PERMISSION_REQUIRED" } as const;

/** Groups, in the order in which they are shown, after the commands of no group. */
export const GROUPS: readonly Consent[] = [
  {
    ...{ id: "canvas", title: said("Show pages"), meaning: said("Pages that the agent made, over the whole page.") },
    ...{ usual: "always", refusal: "CANVAS_DISABLED" },
  },
  {
    ...{ id: "device", title: said("Tell its state"), meaning: said("Battery, network, and which cameras there are.") },
    ...{ usual: "always", refusal: "DEVICE_PERMISSION_REQUIRED" },
  },
];

/** One for each command. */
export const CONSENTS: readonly Consent[] = [
  {
    ...{ id: "camera.snap", title: said("Take pictures"), meaning: said("One picture with a camera of this device.") },
    ...{ usual: "ask", refusal: "CAMERA_PERMISSION_REQUIRED" },
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
  { ...CANVAS, id: "canvas.present", title: said("Show a page"), meaning: said("It covers this page.") },
  {
    ...CANVAS,
    id: "canvas.navigate",
    title: said("Show another page"),
    meaning: said("Instead of the page that is shown."),
  },
  { ...CANVAS, id: "canvas.hide", title: said("Hide the page"), meaning: said("This page comes back into view.") },
  { ...CANVAS, id: "canvas.a2ui.push", title: said("Draw a surface"), meaning: said("Texts, pictures and buttons.") },
  {
    ...CANVAS,
    id: "canvas.a2ui.pushJSONL",
    title: said("Draw a surface from lines"),
    meaning: said("Texts, pictures and buttons."),
  },
  { ...CANVAS, id: "canvas.a2ui.reset", title: said("Clear the surfaces"), meaning: said("Nothing drawn is left.") },
  { ...DEVICE, id: "device.info", title: said("Tell what it is"), meaning: said("Browser, language and screen.") },
  {
    ...DEVICE,
    id: "device.status",
    title: said("Tell its condition"),
    meaning: said("Battery, network, storage, and the view."),
  },
  {
    ...DEVICE,
    id: "camera.list",
    title: said("Tell which cameras there are"),
    meaning: said("Their names; it takes no picture."),
  },
];

/** The group of a command; undefined when it is alone. */
export function groupOf({ group }: Consent): Consent | undefined {
  return GROUPS.find(({ id }) => id === group);
}

/** How long “ten minutes” are, ms. */
const TEN_MINUTES_MS = 600_000;

export class Consents {
  /** Until when an ability is allowed, epoch ms; a reload of the page ends it. */
  readonly #until = new Map<string, number>();

  /** What was chosen for good: for the command itself, else for its group. */
  choice(consent: Consent): Choice {
    const group = groupOf(consent);
    const kept = keptOf(consent.id) ?? (group && keptOf(group.id));
    if (kept === "always" && consent.onlyOnce) return "ask";
    return kept ?? consent.usual;
  }

  /** A choice for a group takes the place of those for its commands. */
  choose({ id }: Consent, choice: Choice): void {
    for (const each of [id, ...membersOf(id)]) {
      this.#until.delete(each);
      remember(nameOf(each), each === id ? choice : undefined);
    }
  }

  /** Whether a command of the group has a choice of its own. */
  differs(group: Consent): boolean {
    return membersOf(group.id).some((id) => keptOf(id) !== undefined);
  }

  /** Until when it is allowed without asking, epoch ms; undefined when it is not. */
  allowedUntil({ id, group }: Consent): number | undefined {
    const until = Math.max(this.#until.get(id) ?? 0, this.#until.get(group ?? id) ?? 0);
    return until > Date.now() ? until : undefined;
  }

  /** Whether a call may go on, or has to be asked about. */
  verdict(consent: Consent): "yes" | "no" | "ask" {
    const choice = this.choice(consent);
    if (choice === "never") return "no";
    return choice === "always" || this.allowedUntil(consent) !== undefined ? "yes" : "ask";
  }

  /** Takes an answer to one call; whether the call may go on. */
  answered(consent: Consent, { answer, isForGroup }: Decision): boolean {
    const meant = (isForGroup && groupOf(consent)) || consent;
    if (answer === "always") this.choose(meant, "always");
    if (answer === "ten-minutes") this.#until.set(meant.id, Date.now() + TEN_MINUTES_MS);
    return answer !== "no";
  }

  /** Forgets everything: another gateway, or a new beginning, gets nothing that was given to the old one. */
  forget(): void {
    this.#until.clear();
    for (const { id } of [...CONSENTS, ...GROUPS]) remember(nameOf(id), undefined);
  }
}

function membersOf(id: string): string[] {
  return CONSENTS.filter(({ group }) => group === id).map((each) => each.id);
}

function keptOf(id: string): Choice | undefined {
  const kept = recall(nameOf(id));
  return kept === "never" || kept === "ask" || kept === "always" ? kept : undefined;
}

function nameOf(id: string): string {
  return `node.consent.${id}`;
}
