/** The errors of models, and which of them may be tried again. */
import { TellableError } from "../../../base/errors.ts";

/**
 * `temporary` and `rate-limited` may be tried again, the latter after `retryAfterMs`. `logged-out` needs another key,
 * `no-credit` an account with money, `no-model` another model, `too-long` a shorter conversation or a larger window.
 * `empty` is an end without an answer: the same question may get one. `permanent` will fail again as it is: what was
 * asked is refused.
 */
export type ModelErrorKind =
  | "temporary"
  | "rate-limited"
  | "logged-out"
  | "no-credit"
  | "no-model"
  | "too-long"
  | "empty"
  | "permanent";

/** An answer that a model did not give. The message is for people and never holds a key. */
export class ModelError extends TellableError {
  readonly kind: ModelErrorKind;
  readonly retryAfterMs: number | undefined;
  /** Do not ask this model again, although the kind would allow it. */
  readonly isFinal: boolean;
  /** Whether the provider's error is about a picture. */
  readonly isAboutPictures: boolean;
  /** The message for people other than the owner, without the provider's text and address. */
  readonly publicMessage: string;
  /** The parts of the message that only the owner is told. */
  readonly ownersOnly: readonly string[];

  constructor(
    kind: ModelErrorKind,
    message: string,
    options: {
      retryAfterMs?: number | undefined;
      isFinal?: boolean;
      isAboutPictures?: boolean;
      ownersOnly?: readonly string[];
      cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ModelError";
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs;
    this.isFinal = options.isFinal ?? false;
    this.isAboutPictures = options.isAboutPictures ?? false;
    this.ownersOnly = options.ownersOnly ?? [];
    this.publicMessage = this.ownersOnly.reduce((text, part) => text.replace(part, () => ""), message);
  }
}
