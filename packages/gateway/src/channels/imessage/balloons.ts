/** What apps of Messages put into a conversation: each has a bundle of its own, and nothing of it is readable here. */
import type { Item } from "../../kit/content/item.ts";

/** Bundles that are known, by the end of their names (Messages: `balloon_bundle_id`). */
const BALLOONS: readonly (readonly [ending: string, name: string])[] = [
  ["DigitalTouchBalloonProvider", "Drawing (Digital Touch)"],
  ["HandwritingProvider", "Handwriting"],
  ["PeerPaymentMessagesExtension", "Apple Cash payment"],
  ["SafetyMonitorApp.SafetyMonitorMessages", "Check In"],
  ["findmy.FindMyMessagesApp", "Place shared by Find My"],
  ["Polls", "Poll"],
  ["PhotosMessagesApp", "Shared photos (iCloud)"],
  ["ActivityMessagesApp", "Fitness activity"],
  ["messages.URLBalloonProvider", "Link"],
];

/** The balloon as an item; none for links, whose address is in the text. */
export function balloonIn(bundle: unknown, text: string): Item[] {
  if (typeof bundle !== "string" || bundle === "") return [];
  const name = BALLOONS.find(([ending]) => bundle.endsWith(ending))?.[1] ?? `App ${bundle.split(":").at(-1)}`;
  if (name === "Link" && text !== "") return [];
  return [{ kind: "withheld", what: name, why: "Messages shows it in its app only" }];
}
