/**
 * Unicode normalisation of text from outside. The engine sorts each run of combining marks in quadratic time: 40,000 marks
 * in the wrong order take two seconds. Only this file may call `normalize`.
 */

/** So many marks may follow each other: the limit of the Stream-Safe Text Format (UAX #15, section 13). */
const MAX_MARKS = 30;
/** Ends a run of marks and shows nothing (UAX #15, UAX15-D4). */
const JOINER = "\u034f";
const LONG_RUN = new RegExp(String.raw`[\p{M}--${JOINER}]{${MAX_MARKS}}(?=[\p{M}--${JOINER}])`, "gv");

/**
 * The text in a normalisation form, in time linear in its length. After each 30 combining marks in a row stands a joiner,
 * as the Stream-Safe Text Format has it. So nothing is lost of marks that are heaped up.
 */
export function normalised(text: string, form: "NFC" | "NFD"): string {
  return text.replace(LONG_RUN, `$&${JOINER}`).normalize(form);
}
