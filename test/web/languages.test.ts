// The page in other languages: the browser's or a chosen one, from right to left too, changed without a reload and without loss.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { startBrowser } from "../support/browser.ts";
import { PAGES } from "../support/control-page.ts";
import { TOKEN } from "../support/gateway.ts";
import { gatewayWith, openWebChat, SIZES, type WebChat } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

type Texts = Readonly<Record<string, string>>;

const OTHERS = ["ar", "de", "es", "fr", "pt", "zh"] as const;

/** The pages that count what waits on them. */
const COUNTED = ["Overview", "Channels", "Devices"];

/** Left to right and right to left in one answer, with code. */
const ANSWER = `مرحبًا! شغّل \`moltbot status\` على جهازك.

1. أولًا
2. ثانيًا: see [the page](https://example.com)

> اقتباس

\`\`\`sh
moltbot config set gateway.port 18789
\`\`\``;

const browser = await startBrowser();
const model = await fakeOpenAI();
const gateway = await gatewayWith(model);
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
});

function textsOf(language: string): Texts {
  const file = new URL(`../../packages/web/src/words/${language}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as Texts;
}

/** Signs in, whatever the language. */
async function signIn({ page }: WebChat): Promise<void> {
  await page.goto(`${gateway.httpUrl}/#token=${TOKEN}`);
  await page.locator(".link.connected").waitFor();
}

/** Opens a page by its address, and waits until it shows what the gateway has answered. */
async function show({ page }: WebChat, id: string): Promise<void> {
  await page.evaluate(`location.hash = "#${id}"`);
  await page.locator("moltbot-page :is(.gateway-page, .channels-page)").waitFor();
  await page.locator("moltbot-page .loading").waitFor({ state: "detached" });
}

const root = ({ page }: WebChat) =>
  page.evaluate("[document.documentElement.lang, document.documentElement.dir]") as Promise<[string, string]>;

for (const language of ["en", ...OTHERS])
  test(`every page opens in ${language}`, async () => {
    const texts = textsOf(language);
    await using chat = await openWebChat(browser, gateway, { locale: language });
    const { page } = chat;
    await signIn(chat);

    const titles: string[] = [];
    for (const [id] of PAGES) {
      await show(chat, id);
      titles.push((await page.getByRole("heading", { level: 1 }).textContent()) ?? "");
    }

    assert.deepEqual(
      titles,
      PAGES.map(([, label]) => texts[label]),
    );
    // A count stands beside the name of a page on which something waits.
    const counted = COUNTED.map((label) => texts[label]);
    await page.locator(".gateway-block .nav-entry").evaluateAll((all, names) => {
      for (const each of all.filter((one) => names.includes(one.querySelector(".words")?.textContent ?? "")))
        each.insertAdjacentHTML("beforeend", '<span class="badge">2</span>');
    }, counted);
    const cut = await page
      .locator(".gateway-block .words")
      .evaluateAll((all) => all.filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.textContent));
    assert.deepEqual(cut, []);
    assert.deepEqual(await root(chat), [language, language === "ar" ? "rtl" : "ltr"]);
    assert.deepEqual(chat.problems, []);
  });

for (const language of ["ar", "de"] as const)
  for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[])
    test(`everyone can use the page in ${language}, on a ${size}`, async () => {
      const texts = textsOf(language);
      await using chat = await openWebChat(browser, gateway, { size, locale: language });
      const { page } = chat;
      const look = (name: string) => inspect(chat, `${language}-${name}-${size}`, { colours: false });
      const openList = async () => {
        if (size === "phone") await page.getByRole("button", { name: texts["Show conversations"] ?? "" }).click();
      };

      await page.goto(gateway.httpUrl);
      await page.getByLabel(texts["Token or password"] ?? "").waitFor();
      await page.locator("moltbot-language select").waitFor();
      await look("sign-in");
      await signIn(chat);
      await openList();
      await page.getByRole("button", { name: texts["New conversation"] ?? "", exact: true }).click();
      await page.getByRole("heading", { name: texts["How can I help?"] ?? "" }).waitFor();
      await look("empty");
      model.script({ kind: "text", text: ANSWER });
      await page.locator("#message").fill("كيف حال البوابة؟");
      await page.getByRole("button", { name: texts.Send ?? "", exact: true }).click();
      await page.getByRole("button", { name: texts["Copy reply"] ?? "" }).waitFor();
      await look("reply");
      for (const [id] of PAGES) {
        await show(chat, id);
        await look(id);
      }
      await openList();
      await look("list");
      await page.getByRole("button", { name: texts.Language ?? "", exact: true }).click();
      await page.getByRole("menu").waitFor();
      await chat.photograph(`${language}-menu-${size}`);

      assert.deepEqual(chat.problems, []);
    });

test("Arabic turns the layout, and code stays as it is", async () => {
  await using chat = await openWebChat(browser, gateway, { locale: "ar" });
  const { page } = chat;
  await signIn(chat);
  await show(chat, "settings");

  const list = await page.locator(".sidebar").boundingBox();
  const command = page.locator("moltbot-terminal code").first();
  const direction = await command.evaluate((element) => getComputedStyle(element).direction);
  const scale = await page
    .locator(".sidebar .icon.turned")
    .first()
    .evaluate((element) => getComputedStyle(element).scale);

  assert.equal((list?.x ?? 0) + (list?.width ?? 0), SIZES.desktop.width);
  assert.deepEqual([direction, scale], ["ltr", "-1 1"]);
  assert.equal(await command.textContent(), "moltbot config get");
});

test("a choice changes the page at once, keeps what was typed, and is remembered", async () => {
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await signIn(chat);
  await page.locator("#message").fill("half a sentence");
  await page.locator(".search input").fill("main");
  await page.locator("#message").evaluate((field) => field.setAttribute("data-same", ""));

  await page.getByRole("button", { name: "Language", exact: true }).click();
  await page.getByRole("menuitemradio", { name: "Deutsch" }).click();
  await page.getByRole("button", { name: "Neue Unterhaltung", exact: true }).waitFor();

  assert.equal(await page.locator("#message").inputValue(), "half a sentence");
  assert.equal(await page.locator(".search input").inputValue(), "main");
  assert.equal(await page.locator("#message").getAttribute("data-same"), "");
  assert.equal(await page.locator("#message").getAttribute("placeholder"), "Nachricht schreiben");
  await page.reload();
  await page.getByRole("button", { name: "Neue Unterhaltung", exact: true }).waitFor();
  assert.deepEqual(await root(chat), ["de", "ltr"]);
  await page.getByRole("button", { name: "Sprache", exact: true }).click();
  await page.getByRole("menuitemradio", { name: "wie im Browser" }).click();
  await page.getByRole("button", { name: "New conversation", exact: true }).waitFor();
  assert.deepEqual(chat.problems, []);
});

test("a change in the settings that is not saved outlives a change of the language", async () => {
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  const setting = page.locator('[data-setting="agents.defaults.timeoutSeconds"]');
  await signIn(chat);
  await show(chat, "settings");
  await page.getByRole("searchbox", { name: "Search settings" }).fill("agents.defaults.timeoutSeconds");
  await page.getByRole("button", { name: "Change agents.defaults.timeoutSeconds" }).click();
  await setting.locator("form input").fill("45");

  await page.locator("moltbot-page moltbot-language select").selectOption("de");
  await page.getByRole("button", { name: "Übernehmen" }).waitFor();

  assert.equal(await setting.locator("form input").inputValue(), "45");
  await page.getByRole("button", { name: "Übernehmen" }).click();
  await page.getByText("1 Änderung nicht gespeichert.").waitFor();
});

test("before signing in the language can be chosen, and the token stays in its field", async () => {
  await using chat = await openWebChat(browser, gateway, { locale: "nl-NL" });
  const { page } = chat;
  await page.goto(gateway.httpUrl);
  await page.getByLabel("Token or password").fill("half a token");

  await page.locator("moltbot-language select").selectOption({ label: "Deutsch" });
  await page.getByRole("heading", { name: "Am Gateway anmelden" }).waitFor();

  assert.equal(await page.getByLabel("Token oder Passwort").inputValue(), "half a token");
});

test("the palette goes to a language", async () => {
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await signIn(chat);

  await page.keyboard.press("Control+k");
  await page.locator(".palette input").fill("Deutsch");
  await page.keyboard.press("Enter");

  await page.getByRole("button", { name: "Neue Unterhaltung", exact: true }).waitFor();
});

test("a language that cannot be loaded is said, and the page stays as it is", async () => {
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await signIn(chat);
  await page.getByRole("button", { name: "Language", exact: true }).click();
  await page.getByRole("menuitemradio", { name: "Deutsch" }).waitFor();
  await page.context().setOffline(true);
  await page.getByRole("menuitemradio", { name: "Deutsch" }).click();

  await page.getByText("This language could not be loaded. Check the connection, and choose it again.").waitFor();
  assert.deepEqual(await root(chat), ["en", "ltr"]);
});

test("dates and numbers are those of the country", async () => {
  await using chat = await openWebChat(browser, gateway, { locale: "de-AT" });
  const { page } = chat;
  await signIn(chat);
  await show(chat, "overview");

  const january = await page.evaluate("new Intl.DateTimeFormat('de-AT', { month: 'long' }).format(0)");
  assert.equal(january, "Jänner");
  await page.getByText("0,00 USD").or(page.getByText("nichts ausgegeben")).first().waitFor();
});

test("the page of nodes speaks the browser's language", async () => {
  await using chat = await openWebChat(browser, gateway, { size: "phone", locale: "ar-EG" });
  await chat.page.goto(`${gateway.httpUrl}/node`);

  await chat.page.getByRole("heading", { name: textsOf("ar")["Make this browser a node"] ?? "" }).waitFor();
  await chat.page.locator("moltbot-language select").waitFor();
  await inspect(chat, "ar-node-phone", { colours: false });
});
