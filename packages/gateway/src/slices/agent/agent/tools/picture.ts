/** Pictures that models take. */
import { invalidRequest } from "../../../../base/errors.ts";

/** A picture as a model is given it. */
export interface Picture {
  readonly mimeType: string;
  readonly data: Uint8Array;
}

/** Picture types that all providers accept. */
export const PICTURE_TYPES: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);

/** The largest picture that providers accept, bytes. */
export const MAX_PICTURE_BYTES = 3_500_000;

/** The picture in some bytes. Throws `INVALID_REQUEST` when there is none that a model could look at. */
export async function pictureOf(data: Uint8Array): Promise<Picture> {
  const { fileTypeFromBuffer } = await import("file-type");
  const mimeType = (await fileTypeFromBuffer(data))?.mime ?? "no picture";
  if (!PICTURE_TYPES.has(mimeType))
    throw invalidRequest(`that is no picture that models take (${mimeType}); they take PNG, JPEG, GIF and WebP`);
  if (data.byteLength > MAX_PICTURE_BYTES)
    throw invalidRequest(`the picture has ${data.byteLength} bytes; models take ${MAX_PICTURE_BYTES}`);
  return { mimeType, data };
}
