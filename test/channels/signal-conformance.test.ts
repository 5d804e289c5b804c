import { fakeSignal } from "@moltbot/fakes";
import { conformance } from "./conformance.ts";

await conformance({ channel: "signal", start: fakeSignal, backlog: 120 });
