// What each probe costs, at the end of its line: hits, and the mean time of one.
import { StateEffect, StateField, type Extension, type Text } from '@codemirror/state';
import { Decoration, EditorView, WidgetType, type DecorationSet } from '@codemirror/view';
import { plural } from '../lib/format';
import type { ProbeCost } from '../protocol.gen';

/** One line of the script, over all programs of the probes that begin there. */
export interface LineCost {
  readonly line: number;
  readonly hits: number;
  readonly nanoseconds: number;
}

export function byLine(costs: readonly ProbeCost[]): LineCost[] {
  const lines = new Map<number, LineCost>();
  for (const { line, hits, nanoseconds } of costs) {
    const known = lines.get(line);
    lines.set(line, { line, hits: hits + (known?.hits ?? 0), nanoseconds: nanoseconds + (known?.nanoseconds ?? 0) });
  }
  return [...lines.values()].sort((a, b) => a.line - b.line);
}

export function inWords({ hits, nanoseconds }: LineCost): string {
  if (hits === 0) return 'no hits';
  const mean = Math.round(nanoseconds / hits);
  const time = mean < 10_000 ? `${mean.toLocaleString('en')} ns` : `${(mean / 1000).toLocaleString('en', { maximumFractionDigits: 1 })} µs`;
  return `${plural(hits, 'hit', 'hits')}, ${time} each`;
}

class CostWidget extends WidgetType {
  constructor(readonly text: string) {
    super();
  }

  override eq(other: CostWidget): boolean {
    return other.text === this.text;
  }

  override toDOM(): HTMLElement {
    const node = document.createElement('span');
    node.className = 'cm-cost';
    node.textContent = this.text;
    return node;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}

const setCosts = StateEffect.define<readonly ProbeCost[]>();

function decorations(doc: Text, costs: readonly ProbeCost[]): DecorationSet {
  const known = byLine(costs).filter(({ line }) => line >= 1 && line <= doc.lines);
  return Decoration.set(known.map((cost) => Decoration.widget({ widget: new CostWidget(inWords(cost)), side: 1 }).range(doc.line(cost.line).to)));
}

const field = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(shown, transaction) {
    const news = transaction.effects.find((effect) => effect.is(setCosts));
    return news ? decorations(transaction.newDoc, news.value) : shown.map(transaction.changes);
  },
  provide: (self) => EditorView.decorations.from(self),
});

export const probeCosts: Extension = field;

export function showCosts(view: EditorView, costs: readonly ProbeCost[]): void {
  view.dispatch({ effects: setCosts.of(costs) });
}
