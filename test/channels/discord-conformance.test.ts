import { fakeDiscord } from "@moltbot/fakes";
import { conformance } from "./conformance.ts";

await conformance({ channel: "discord", start: fakeDiscord, backlog: 120 });
