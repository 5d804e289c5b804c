/** Short words for WhatsApp's binary XML. */
import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren, S_WHATSAPP_NET } from "@whiskeysockets/baileys";

/** The address of the service itself. */
export const SERVICE = S_WHATSAPP_NET;

export function element(tag: string, attrs: BinaryNode["attrs"] = {}, content?: BinaryNode["content"]): BinaryNode {
  return content === undefined ? { tag, attrs } : { tag, attrs, content };
}

export function child(node: BinaryNode | undefined, tag: string): BinaryNode | undefined {
  return getBinaryNodeChild(node, tag);
}

export function children(node: BinaryNode | undefined, tag: string): BinaryNode[] {
  return getBinaryNodeChildren(node, tag);
}

/** The bytes of a child. Throws when there are none. */
export function bytesOf(node: BinaryNode | undefined, tag: string): Buffer {
  const content = child(node, tag)?.content;
  if (!(content instanceof Uint8Array)) throw new Error(`<${node?.tag}> has no <${tag}> with bytes`);
  return Buffer.from(content);
}

/** Now, as stanzas tell it: whole seconds. */
export function seconds(at = Date.now()): string {
  return String(Math.floor(at / 1000));
}
