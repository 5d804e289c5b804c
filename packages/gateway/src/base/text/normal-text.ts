/**
 * Unicode normalisation of text from outside. The engine sorts each run of combining marks in quadratic time: 40,000 marks
 * in the wrong order take two seconds. Only this file may call `normalize`.
 */

/** The most combining marks in a row: the limit of the Stream-Safe Text Format (UAX #15, section 13). */
const MAX_MARKS = 30;
/** A character that ends a run of marks and is invisible (UAX #15, UAX15-D4). */
const JOINER = "\u034f";
const LONG_RUN = new RegExp(String.raw`[\p{M}--${JOINER}]{${MAX_MARKS}}(?=[\p{M}--${JOINER}])`, "gv");

/**
 * Normalises a text in time linear in its length. After each 30 combining marks in a row it inserts a joiner, as the
 * Stream-Safe Text Format does, so no mark is lost.
 */
export function normalised(text: string, form: "NFC" | "NFD"): string {
  return text.replace(LONG_RUN, `$&${JOINER}`).normalize(form);
}
