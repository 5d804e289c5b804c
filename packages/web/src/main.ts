// Starts the page: colours, store, screen.

import "./chat/app.ts";
import { Store } from "./store.ts";
import { applyTheme } from "./theme.ts";

applyTheme();
const store = new Store();
document.body.append(Object.assign(document.createElement("moltbot-app"), { store }));
void store.start();
