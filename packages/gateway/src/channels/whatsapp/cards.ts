/** Messages of businesses: cards with buttons, lists, orders and products. */
import type { proto } from "@whiskeysockets/baileys";
import { amountIn, card, flowButtons, type Parts, placeOf, templateButton, withCard } from "./content-parts.ts";
import { mediaOf } from "./media.ts";

export function buttonsIn(message: proto.Message.IButtonsMessage): Parts {
  return withCard(
    { media: mediaOf(message), items: message.locationMessage ? [placeOf(message.locationMessage)] : [] },
    card("Card", {
      title: message.text,
      text: [message.contentText, message.footerText].filter(Boolean).join("\n"),
      buttons: (message.buttons ?? []).map(({ buttonText }) => buttonText?.displayText),
    }),
  );
}

export function listIn({
  title,
  description,
  footerText,
  buttonText,
  sections,
  productListInfo,
}: proto.Message.IListMessage): Parts {
  return card("List", {
    title,
    text: [description, footerText].filter(Boolean).join("\n"),
    facts: [
      ...(sections ?? []).flatMap((section) =>
        (section.rows ?? []).map(
          (row) => [section.title, [row.title, row.description].filter(Boolean).join(" — ")] as const,
        ),
      ),
      ...(productListInfo?.productSections ?? []).map(
        (section) => [section.title, `${section.products?.length ?? 0} products`] as const,
      ),
    ],
    buttons: [buttonText],
  });
}

export function orderIn({
  orderTitle,
  message,
  itemCount,
  totalAmount1000,
  totalCurrencyCode,
  orderId,
}: proto.Message.IOrderMessage): Parts {
  return card("Order", {
    title: orderTitle,
    text: message,
    facts: [
      ["items", itemCount ? String(itemCount) : undefined],
      ["total", amountIn(totalAmount1000, totalCurrencyCode)],
      ["number", orderId],
    ],
  });
}

export function productIn({ product, catalog, body, footer }: proto.Message.IProductMessage): Parts {
  return withCard(
    { media: mediaOf({ imageMessage: product?.productImage ?? null }) },
    card("Product", {
      title: product?.title ?? catalog?.title,
      text: [product?.description ?? catalog?.description, body, footer].filter(Boolean).join("\n"),
      facts: [["price", amountIn(product?.salePriceAmount1000 ?? product?.priceAmount1000, product?.currencyCode)]],
      url: product?.url,
    }),
  );
}

export function structuredIn({ hydratedHsm, elementName, params }: proto.Message.IHighlyStructuredMessage): Parts {
  if (hydratedHsm) return templateIn(hydratedHsm);
  return card("Card", { title: elementName, facts: (params ?? []).map((param) => [undefined, param]) });
}

export function templateIn({
  hydratedTemplate,
  hydratedFourRowTemplate,
  fourRowTemplate,
  interactiveMessageTemplate,
}: proto.Message.ITemplateMessage): Parts {
  if (interactiveMessageTemplate) return interactiveIn(interactiveMessageTemplate);
  const filled = hydratedTemplate ?? hydratedFourRowTemplate;
  if (filled)
    return withCard(
      { media: mediaOf(filled), items: filled.locationMessage ? [placeOf(filled.locationMessage)] : [] },
      card("Card", {
        title: filled.hydratedTitleText,
        text: [filled.hydratedContentText, filled.hydratedFooterText].filter(Boolean).join("\n"),
        buttons: (filled.hydratedButtons ?? []).map(templateButton),
      }),
    );
  return withCard(
    { media: mediaOf(fourRowTemplate ?? {}) },
    structuredIn(fourRowTemplate?.content ?? fourRowTemplate?.highlyStructuredMessage ?? {}),
  );
}

export function interactiveIn({
  header,
  body,
  footer,
  nativeFlowMessage,
  carouselMessage,
  shopStorefrontMessage,
  collectionMessage,
}: proto.Message.IInteractiveMessage): Parts {
  const own = card(shopStorefrontMessage || collectionMessage ? "Shop" : "Card", {
    title: [header?.title, header?.subtitle].filter(Boolean).join(" — "),
    text: [body?.text, footer?.text].filter(Boolean).join("\n"),
    buttons: (nativeFlowMessage?.buttons ?? []).flatMap(flowButtons),
  });
  const { locationMessage: place, productMessage: product } = header ?? {};
  const offered = product ? productIn(product) : {};
  const headed = { media: offered.media, items: [...(place ? [placeOf(place)] : []), ...(offered.items ?? [])] };
  const media = [...mediaOf(header ?? {}), ...(headed.media ?? [])];
  const all = [withCard({ media, items: headed.items }, own), ...(carouselMessage?.cards ?? []).map(interactiveIn)];
  return { media: all.flatMap(({ media = [] }) => media), items: all.flatMap(({ items = [] }) => items) };
}
