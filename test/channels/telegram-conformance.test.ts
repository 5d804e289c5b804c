import { fakeTelegram } from "@moltbot/fakes";
import { conformance } from "./conformance.ts";

await conformance({ channel: "telegram", start: fakeTelegram, backlog: 120 });
