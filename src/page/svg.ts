// Saves drawings as SVG files that need no style sheet, in the colours of a light page.
import { h } from "./dom.js";

const NAMESPACE = "http://www.w3.org/2000/svg";

/** The properties of a drawing that the style sheet sets. */
const PROPERTIES = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "stroke-linecap",
  "stroke-linejoin",
  "opacity",
  "font-family",
  "font-size",
  "font-weight",
  "text-anchor",
  "dominant-baseline",
];

type StyledRoot = Pick<DocumentOrShadowRoot, "styleSheets">;

/** Acts while the colours of the page, and of a part with its own style sheets, are those for a light ground. */
export function inLight<T>(root: StyledRoot, act: () => T): T {
  const rules = [document, root]
    .flatMap(({ styleSheets }) => [...styleSheets].flatMap(({ cssRules }) => [...cssRules]))
    .filter((rule) => rule instanceof CSSMediaRule && rule.conditionText.includes("dark"));
  const before = (rules as CSSMediaRule[]).map(({ media }) => ({ media, text: media.mediaText }));
  for (const { media } of before) media.mediaText = "not all";
  try {
    return act();
  } finally {
    for (const { media, text } of before) media.mediaText = text;
  }
}

/** Saves a drawing of the page, with its style. */
export function saveSvg(drawing: SVGSVGElement, name: string): void {
  const root = drawing.getRootNode() as Document | ShadowRoot;
  saveFile(
    `${name}.svg`,
    "image/svg+xml",
    inLight(root, () => styled(drawing)),
  );
}

/** Room around a drawing, whose labels may reach beyond it. */
const ROOM = 12;

function styled(drawing: SVGSVGElement): string {
  const copy = drawing.cloneNode(true) as SVGSVGElement;
  const [from, to] = [
    [drawing, ...drawing.querySelectorAll("*")],
    [copy, ...copy.querySelectorAll("*")],
  ];
  from.forEach((element, i) => {
    const style = getComputedStyle(element);
    const target = to[i] as Element;
    for (const property of PROPERTIES) target.setAttribute(property, style.getPropertyValue(property));
    target.removeAttribute("class");
  });
  const { width, height } = drawing.viewBox.baseVal;
  const [wide, high] = [width + 2 * ROOM, height + 2 * ROOM];
  copy.setAttribute("xmlns", NAMESPACE);
  copy.setAttribute("viewBox", `${-ROOM} ${-ROOM} ${wide} ${high}`);
  copy.setAttribute("width", String(wide));
  copy.setAttribute("height", String(high));
  const ground = document.createElementNS(NAMESPACE, "rect");
  const box = { x: -ROOM, y: -ROOM, width: wide, height: high, fill: "#fff" };
  for (const [name, value] of Object.entries(box)) ground.setAttribute(name, String(value));
  copy.prepend(ground);
  return new XMLSerializer().serializeToString(copy);
}

export function saveFile(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = h("a", { href: url, download: name.replaceAll(/[^\p{L}\p{N}.-]+/gu, "-") });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
