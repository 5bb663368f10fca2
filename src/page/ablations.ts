// The ablations of the page: the states of their variants as they fill, and the answer so far.
import type { AblationView, ArmRun } from "../report/page/view.js";
import { fill, h } from "./dom.js";
import type { Source } from "./source.js";
import { saveSvg } from "./svg.js";

interface Ablations {
  /** The states of the variants, and the answers, which are long. */
  readonly states: HTMLElement;
  readonly answers: HTMLElement;
  readonly show: (ablations: readonly AblationView[]) => void;
}

/** @param toggled shows or hides the curves of a run */
export function ablations(source: Source, toggled: (run: number) => void): Ablations {
  const [states, answers] = [h("div"), h("div")];
  const shown: { readonly state: HTMLElement; readonly answer: HTMLElement; version: number }[] = [];
  const add = (): (typeof shown)[number] => {
    const state = h("section", { class: "ablation" });
    const answer = h("section", { class: "answer" });
    answer.attachShadow({ mode: "open" });
    states.append(state);
    answers.append(answer);
    return { state, answer, version: 0 };
  };
  return {
    states,
    answers,
    show(views) {
      views.forEach((view, i) => {
        shown[i] ??= add();
        const part = shown[i] as (typeof shown)[number];
        fillState(part.state, view, toggled);
        if (part.version === view.version) return;
        part.version = view.version;
        void source.answer(i).then(
          (html) => fillAnswer(part.answer, html),
          () => {
            part.version = 0;
          },
        );
      });
    },
  };
}

function fillState(element: HTMLElement, { name, problems, arms }: AblationView, toggled: (run: number) => void): void {
  const all = arms.flatMap(({ runs }) => runs);
  const key = JSON.stringify([name, problems, arms]);
  if (element.dataset.key === key) return;
  element.dataset.key = key;
  const counts = (["finished", "running", "failed", "stopped", "pending"] as const).flatMap((state) => {
    const count = all.filter((run) => run.state === state).length;
    return count === 0 ? [] : [`${count} ${state}`];
  });
  const cell = ({ seed, state, reason, run }: ArmRun): HTMLElement =>
    h("button", {
      type: "button",
      class: "cell",
      "data-state": state,
      title: [`seed ${seed}: ${state}`, ...(reason === undefined ? [] : [reason])].join("\n"),
      "aria-label": `seed ${seed}: ${state}`,
      disabled: run === undefined,
      click: () => run !== undefined && toggled(run),
    });
  fill(
    element,
    h("h2", {}, `Ablation: ${name}`),
    h("p", {}, `${all.length} variants: ${counts.join(", ")}`),
    ...problems.map((text) => h("p", { class: "note" }, text)),
  );
  // Their clicks would not survive a comparison of texts.
  element.append(
    h(
      "div",
      { class: "arms" },
      arms.map(({ label, runs }) => h("div", {}, h("span", { class: "arm" }, label), h("span", {}, runs.map(cell)))),
    ),
  );
}

/** The answer comes from mom itself, which escapes all texts in it, and the page's policy runs no script in it. */
function fillAnswer(element: HTMLElement, html: string): void {
  const root = element.shadowRoot as ShadowRoot;
  root.innerHTML = html;
  for (const figure of root.querySelectorAll("figure.chart")) {
    const drawing = figure.querySelector(":scope > svg");
    const title = figure.querySelector("h3")?.textContent ?? "figure";
    if (drawing === null) continue;
    const save = h("button", { type: "button", class: "save", title: "Save this figure as SVG" }, "SVG");
    save.addEventListener("click", () => saveSvg(drawing as SVGSVGElement, title));
    figure.querySelector("figcaption")?.append(save);
  }
}
