import { fakeSlack } from "@moltbot/fakes";
import { conformance } from "./conformance.ts";

await conformance({ channel: "slack", start: () => fakeSlack(), backlog: 120 });
