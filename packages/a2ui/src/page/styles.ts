/** Styles of single elements under a policy that forbids style attributes. */

/**
 * The renderer writes `style` attributes, which the page's policy blocks. The same declarations are allowed when a script sets
 * them one by one, so they take that way.
 */
export function allowStyles(): void {
  const setAttribute = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function (name: string, value: string): void {
    if (name === "style" && (this instanceof HTMLElement || this instanceof SVGElement)) this.style.cssText = value;
    else setAttribute.call(this, name, value);
  };
}
