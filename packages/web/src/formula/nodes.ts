// MathML as plain values, and how they become elements.

/** An element of MathML. */
export interface MathNode {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly (MathNode | string)[];
}

/** Makes one. */
export function element(
  tag: string,
  children: readonly (MathNode | string)[] = [],
  attributes: Readonly<Record<string, string>> = {},
): MathNode {
  return { tag, attributes, children };
}

/** Several as one; a single one is itself. */
export function row(children: readonly MathNode[]): MathNode {
  const [only] = children;
  return children.length === 1 && only !== undefined ? only : element("mrow", children);
}

/** Elements of the page. Nothing is parsed: what a model wrote is text, and only the tags of this folder are made. */
export function toElement({ tag, attributes, children }: MathNode): Element {
  const made = document.createElementNS("http://www.w3.org/1998/Math/MathML", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.map((child) => (typeof child === "string" ? child : toElement(child))));
  return made;
}
