import { fakeBlueBubbles } from "@moltbot/fakes";
import { conformance } from "./conformance.ts";

await conformance({ channel: "imessage", name: "imessage (BlueBubbles)", start: fakeBlueBubbles, backlog: 120 });
