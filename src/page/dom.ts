// Makes elements. Texts become text nodes, so nothing that a run contains is read as HTML.

type Child = Node | string | undefined;

interface Properties {
  readonly class?: string | undefined;
  readonly [attribute: string]: string | number | boolean | ((event: Event) => void) | undefined;
}

/** Attributes that are functions receive the event of that name. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: readonly (Child | readonly Child[])[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== undefined));
  return element;
}

/** Replaces what an element holds, unless it is equal already: a selection or a focus in it stays. */
export function fill(element: Element, ...children: readonly Child[]): void {
  const holder = h("div", {}, children);
  if (holder.innerHTML !== element.innerHTML) element.replaceChildren(...holder.childNodes);
}
