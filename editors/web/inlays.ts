// Inlay hints, which CodeMirror's client does not ask for by itself: asked for whenever the text rests.
import { type LSPClient, LSPPlugin } from "@codemirror/lsp-client";
import { RangeSetBuilder, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, ViewPlugin, WidgetType } from "@codemirror/view";
import type { InlayHint } from "vscode-languageserver-protocol";

/** Milliseconds without an edit. */
const REST = 200;

class Hint extends WidgetType {
  constructor(readonly label: string) {
    super();
  }
  /** A click on it puts the cursor there. */
  override ignoreEvent = (): boolean => false;
  override eq = (other: Hint): boolean => other.label === this.label;
  override toDOM(): HTMLElement {
    const hint = document.createElement("span");
    hint.className = "inlay";
    hint.textContent = this.label;
    return hint;
  }
}

const shown = StateEffect.define<DecorationSet>();
const field = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update: (hints, transaction) => {
    const moved = hints.map(transaction.changes);
    return transaction.effects.reduce((now, effect) => (effect.is(shown) ? effect.value : now), moved);
  },
  provide: (of) => EditorView.decorations.from(of),
});

export function inlays(client: LSPClient, uri: string) {
  const asking = ViewPlugin.define((view) => {
    let timer = 0;
    const ask = async (): Promise<void> => {
      await client.initializing;
      client.sync();
      const { doc } = view.state;
      const range = { start: { line: 0, character: 0 }, end: { line: doc.lines, character: 0 } };
      const params = { textDocument: { uri }, range };
      const hints = await client.request<typeof params, InlayHint[] | null>("textDocument/inlayHint", params);
      const plugin = LSPPlugin.get(view);
      if (view.state.doc !== doc || plugin === null) return;
      const builder = new RangeSetBuilder<Decoration>();
      for (const { position, label } of hints ?? []) {
        const at = plugin.fromPosition(position);
        builder.add(at, at, Decoration.widget({ widget: new Hint(String(label)), side: 1 }));
      }
      view.dispatch({ effects: shown.of(builder.finish()) });
    };
    const later = (): void => {
      clearTimeout(timer);
      timer = window.setTimeout(ask, REST);
    };
    later();
    return { update: ({ docChanged }) => docChanged && later(), destroy: () => clearTimeout(timer) };
  });
  return [field, asking];
}
