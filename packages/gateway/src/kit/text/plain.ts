/** The dialect of platforms without markup. */
import type { Dialect } from "./dialect.ts";

/** Nothing but text: code without fences, the address behind a link's label, quotes with "> ". */
export const plainDialect: Dialect = {
  name: "plain",
  escape: (plain) => plain,
  bold: (inner) => inner,
  italic: (inner) => inner,
  strike: (inner) => inner,
  code: (plain) => plain,
  link: (label, url) => `${label} (${url})`,
  heading: (inner) => inner,
  quote: (inner) => inner.replace(/^/gm, "> "),
  fence: (plain) => plain,
  measure: ({ text }) => text.length,
};
