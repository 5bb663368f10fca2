// Draws a chart with two logarithmic axes as an SVG file: measured points and a dashed line for their power law.

const WIDTH = 640;
const HEIGHT = 400;
const FRAME = { left: 64, right: WIDTH - 20, top: 96, bottom: HEIGHT - 48 };
const COLOURS = ["#0b6e99", "#c2571a", "#3f7d20", "#7a3e9d"];

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const round = (value) => Math.round(value * 10) / 10;

/** 1, 2 and 5 times powers of ten that cover [low, high]. */
function ticks(low, high) {
  const all = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
    for (const factor of [1, 2, 5]) all.push(Number(`${factor}e${power}`));
  const first = Math.max(
    0,
    all.findLastIndex((tick) => tick <= low),
  );
  const last = all.findIndex((tick) => tick >= high);
  return all.slice(first, last < 0 ? undefined : last + 1);
}

/** Slope and factor of y = factor · x^slope by least squares of logarithms. Undefined for fewer than two points. */
export function powerLaw(points) {
  if (points.length < 2) return undefined;
  const logs = points.map(({ x, y }) => [Math.log(x), Math.log(y)]);
  const mean = (index) => logs.reduce((sum, pair) => sum + pair[index], 0) / logs.length;
  const [mx, my] = [mean(0), mean(1)];
  const slope =
    logs.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) / logs.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
  return { slope, factor: Math.exp(my - slope * mx) };
}

/**
 * @param chart title, names of the axes, and series with a label, points {x, y} of positive numbers, and optionally
 *   their power law `fit`
 */
export function logChart({ title, across, up, series }) {
  const points = series.flatMap((one) => one.points);
  const xs = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  const ys = ticks(Math.min(...points.map(({ y }) => y)), Math.max(...points.map(({ y }) => y)));
  const scale = (from, to, low, high) => (value) =>
    low === high ? (from + to) / 2 : from + (Math.log(value / low) / Math.log(high / low)) * (to - from);
  const placeX = scale(FRAME.left + 16, FRAME.right - 16, xs[0], xs.at(-1));
  const placeY = scale(FRAME.bottom, FRAME.top, ys[0], ys.at(-1));
  const text = (x, y, anchor, words, more = "") =>
    `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}"${more}>${escaped(words)}</text>`;
  const horizontal = ys.map((tick) => {
    const y = round(placeY(tick));
    return `<path d="M${FRAME.left} ${y}H${FRAME.right}" stroke="#ddd"/>${text(FRAME.left - 8, y + 4, "end", String(tick))}`;
  });
  const vertical = xs.map((tick) => text(placeX(tick), FRAME.bottom + 18, "middle", String(tick)));
  const curves = series.map(({ points: measured, fit }, index) => {
    const colour = COLOURS[index % COLOURS.length];
    const line = measured
      .map(({ x, y }, i) => `${i === 0 ? "M" : "L"}${round(placeX(x))} ${round(placeY(y))}`)
      .join("");
    const dots = measured.map(
      ({ x, y }) =>
        `<circle cx="${round(placeX(x))}" cy="${round(placeY(y))}" r="4" fill="${colour}"><title>${x}: ${y.toPrecision(4)}</title></circle>`,
    );
    const [first, last] = [measured[0].x, measured.at(-1).x];
    const law = (x) => Math.min(Math.max(fit.factor * x ** fit.slope, ys[0]), ys.at(-1));
    const ends = (x) => `${round(placeX(x))} ${round(placeY(law(x)))}`;
    const dashed = fit
      ? `<path d="M${ends(first)}L${ends(last)}" stroke="${colour}" stroke-dasharray="5 5" fill="none" opacity="0.6"/>`
      : "";
    return `${dashed}<path d="${line}" stroke="${colour}" stroke-width="2" fill="none"/>${dots.join("")}`;
  });
  const legend = series.map(({ label, fit }, index) => {
    const y = 46 + 18 * index;
    const slope = fit ? `, slope ${fit.slope.toFixed(2)}` : "";
    const dot = `<circle cx="${FRAME.left + 4}" cy="${y - 4}" r="4" fill="${COLOURS[index % COLOURS.length]}"/>`;
    return `${dot}${text(FRAME.left + 14, y, "start", `${label}${slope}`)}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#333">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
${text(FRAME.left, 24, "start", title, ' font-size="15" font-weight="bold"')}
${horizontal.join("\n")}
${vertical.join("")}
<path d="M${FRAME.left} ${FRAME.bottom}H${FRAME.right}" stroke="#333"/>
${text((FRAME.left + FRAME.right) / 2, HEIGHT - 10, "middle", across)}
${text(FRAME.left - 56, FRAME.top - 12, "start", up)}
${curves.join("\n")}
${legend.join("\n")}
</svg>
`;
}
