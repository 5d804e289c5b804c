// Starts the page: colours, store, screen.

import "./chat/app.ts";
import { startWorker } from "./notify.ts";
import { Store } from "./store.ts";
import { applyTheme } from "./theme.ts";
import { VIEWS } from "./views.ts";
import { startLanguage } from "./words/language.ts";

applyTheme();
const store = new Store(VIEWS);
void store.start();
await startLanguage();
document.body.append(Object.assign(document.createElement("moltbot-app"), { store }));
startWorker();
