// The service worker of WebChat, and of the page of nodes, each at its own place: keeps the page for when the gateway cannot be
// reached, shows what the gateway pushes while the page is closed, and leads a click on a notification to its place. The page
// itself always comes from the gateway when that answers.

const CACHE = "moltbot-page";
/** The page that this worker serves: "/" or "/node". */
const HOME = new URL(self.registration.scope).pathname;

self.addEventListener("install", (event) => {
  event.waitUntil(keep(HOME).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(self.clients.claim());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate" && pathname === HOME) event.respondWith(newest(event));
  else if (/-[A-Z0-9]{8}\.(?:js|css)$/.test(pathname)) event.respondWith(kept(event));
});

self.addEventListener("push", (event) => {
  event.waitUntil(show(event.data));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.hash ?? ""));
});

/** The page as the gateway has it now, else as it was. */
async function newest(event) {
  try {
    return await fetched(event);
  } catch {
    return (await caches.match(HOME)) ?? Response.error();
  }
}

/** Scripts and styles have their content in their names: what is kept is never stale. */
async function kept(event) {
  return (await caches.match(event.request)) ?? (await fetched(event));
}

/** From the gateway. It is kept for later while the page has it already. */
async function fetched(event) {
  const response = await fetch(event.request);
  if (response.ok) event.waitUntil(put(event.request, response.clone()));
  return response;
}

async function keep(url) {
  const response = await fetch(url);
  if (response.ok) await put(url, response);
}

async function put(request, response) {
  const cache = await caches.open(CACHE);
  const isPage = new URL(request.url ?? request, location.href).pathname === HOME;
  const text = isPage ? await response.clone().text() : "";
  await cache.put(request, response);
  if (isPage) await forgetOthers(cache, text);
}

/** Scripts of WebChat end with one hash of all; those of an older gateway are of no use beside this page. */
async function forgetOthers(cache, page) {
  const [, hash] = /\/app-([A-Z0-9]{8})\.js/.exec(page) ?? [];
  if (hash === undefined) return;
  for (const request of await cache.keys()) {
    const name = new URL(request.url).pathname;
    if (/-[A-Z0-9]{8}\.js$/.test(name) && !name.startsWith("/node-") && !name.includes(hash))
      await cache.delete(request);
  }
}

/** Shows a notice; browsers end a subscription whose messages show nothing. The gateway sends none while a page is in view. */
async function show(data) {
  const { title = "Moltbot", text = "", tag = "", sessionKey, isQuiet = false } = noticeIn(data);
  const hash = sessionKey === undefined ? "" : `#chat/${encodeURIComponent(sessionKey)}`;
  await self.registration.showNotification(title, {
    ...{ body: text, tag, data: { hash }, icon: "/icon-192.png", silent: isQuiet },
  });
}

function noticeIn(data) {
  try {
    return data.json();
  } catch {
    return {};
  }
}

async function open(hash) {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const window = windows.find(({ url }) => (new URL(url).pathname === "/node") === (HOME === "/node"));
  if (window === undefined) return await self.clients.openWindow(`${HOME}${hash}`);
  await window.focus();
  window.postMessage({ hash });
}
