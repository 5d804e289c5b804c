import { fakeImsg } from "@moltbot/fakes";
import { conformance } from "./conformance.ts";

await conformance({
  channel: "imessage",
  name: "imessage (imsg)",
  start: fakeImsg,
  backlog: 120,
  lacks: ["reply", "voice", "reactionOut", "editIn", "editOut", "unsendIn", "unsendOut", "typing", "readReceipts"],
});
