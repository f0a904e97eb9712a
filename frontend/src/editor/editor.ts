// The script editor: CodeMirror in a shadow root, because there its styles arrive as constructed sheets, which a strict
// style-src allows; in the document it would insert style elements. Loaded only when the drawer first opens.
import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { bracketMatching, HighlightStyle, indentUnit, StreamLanguage, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, lintKeymap, setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { Compartment, EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from '@codemirror/view';
import { Tag } from '@lezer/highlight';
import type { DiagnosticView, ProbeCost, Replacement } from '../protocol.gen';
import { difference } from './change';
import { probeCosts, showCosts } from './costs';
import { completionSource, type Knowledge } from './complete';
import { hover } from './hover';
import { nextToken, startState, type TokenName, type TokenState, type Words } from './tokens';
import { editorTheme } from './theme';

const names: readonly Exclude<TokenName, null>[] = ['comment', 'string', 'number', 'keyword', 'probe', 'map', 'variable', 'function', 'meta', 'operator'];
const tags = Object.fromEntries(names.map((name) => [name, Tag.define()])) as Record<Exclude<TokenName, null>, Tag>;

const highlight = HighlightStyle.define([
  { tag: tags.comment, color: 'var(--code-comment)', fontStyle: 'italic' },
  { tag: tags.string, color: 'var(--code-string)' },
  { tag: tags.number, color: 'var(--code-number)' },
  { tag: tags.keyword, color: 'var(--code-keyword)' },
  { tag: tags.probe, color: 'var(--code-probe)', fontWeight: '600' },
  { tag: tags.map, color: 'var(--code-map)' },
  { tag: tags.variable, color: 'var(--code-variable)' },
  { tag: tags.function, color: 'var(--code-function)' },
  { tag: tags.meta, color: 'var(--code-comment)' },
]);

export interface EditorHandlers {
  readonly changed: (text: string) => void;
  readonly run: () => void;
  readonly format: () => void;
}

export class ScriptEditor {
  readonly #view: EditorView;
  readonly #language = new Compartment();
  readonly #access = new Compartment();
  /** Edits that the shown diagnostics suggest, where they are. */
  #fixes: readonly Replacement[] = [];

  constructor(parent: ShadowRoot, text: string, words: Words, knowledge: Knowledge, handlers: EditorHandlers) {
    const run = () => {
      handlers.run();
      return true;
    };
    const format = () => {
      handlers.format();
      return true;
    };
    this.#view = new EditorView({
      parent,
      root: parent,
      state: EditorState.create({
        doc: text,
        extensions: [
          lineNumbers(),
          lintGutter(),
          history(),
          drawSelection(),
          highlightActiveLine(),
          highlightActiveLineGutter(),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ override: [completionSource(knowledge)], icons: false, activateOnTypingDelay: 60, maxRenderedOptions: 60 }),
          hover(knowledge),
          indentUnit.of('  '),
          // Before the default keys: Ctrl-Enter inserts a blank line there.
          keymap.of([{ key: 'Mod-Enter', run }, { key: 'Ctrl-Enter', run }]),
          keymap.of([
            { key: 'Tab', run: acceptCompletion },
            { key: 'Shift-Alt-f', run: format },
            { key: 'Mod-.', run: (view) => this.#fixAt(view.state.selection.main.head) },
          ]),
          keymap.of([...closeBracketsKeymap, ...completionKeymap, ...defaultKeymap, ...historyKeymap, ...lintKeymap, indentWithTab]),
          this.#language.of(languageOf(words)),
          syntaxHighlighting(highlight),
          this.#access.of([]),
          editorTheme,
          probeCosts,
          EditorView.contentAttributes.of({ 'aria-label': 'Script', spellcheck: 'false', autocapitalize: 'off', autocorrect: 'off' }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) handlers.changed(update.state.doc.toString());
          }),
        ],
      }),
    });
  }

  /** Replaces the text when it differs; the cursor stays where it can. */
  setText(text: string): void {
    const change = difference(this.#view.state.doc.toString(), text);
    if (change) this.#view.dispatch({ changes: change });
  }

  /** Does what a diagnostic suggests. */
  fix(replacement: Replacement): void {
    const { start: from, end: to, text: insert } = replacement;
    if (to > this.#view.state.doc.length) return;
    this.#view.dispatch({ changes: { from, to, insert }, selection: { anchor: from + insert.length }, userEvent: 'input.complete' });
    this.#view.focus();
  }

  setWords(words: Words): void {
    this.#view.dispatch({ effects: this.#language.reconfigure(languageOf(words)) });
  }

  setReadOnly(readOnly: boolean): void {
    const extension = readOnly ? [EditorState.readOnly.of(true), EditorView.editable.of(false)] : [];
    this.#view.dispatch({ effects: this.#access.reconfigure(extension) });
  }

  showDiagnostics(diagnostics: readonly DiagnosticView[]): void {
    const length = this.#view.state.doc.length;
    this.#fixes = diagnostics.flatMap((diagnostic) => diagnostic.replacement ?? []);
    const shown = diagnostics.map((diagnostic): Diagnostic => {
      const from = Math.min(diagnostic.start_utf16, length);
      return {
        from,
        to: Math.min(Math.max(diagnostic.end_utf16, from), length),
        severity: diagnostic.severity,
        message: diagnostic.message,
        renderMessage: () => messageNode(diagnostic),
        actions: diagnostic.replacement ? [fixAction(diagnostic.replacement, (replacement) => this.fix(replacement))] : [],
      };
    });
    this.#view.dispatch(setDiagnostics(this.#view.state, shown));
  }

  /** Writes behind each probe what it costs; none: clears that. */
  showCosts(costs: readonly ProbeCost[]): void {
    showCosts(this.#view, costs);
  }

  /** Puts the cursor on a place in the text and scrolls there. */
  goTo(offset: number): void {
    const position = Math.min(offset, this.#view.state.doc.length);
    this.#view.dispatch({ selection: { anchor: position }, effects: EditorView.scrollIntoView(position, { y: 'center' }) });
    this.#view.focus();
  }

  focus(): void {
    this.#view.focus();
  }

  /** Applies the suggestion at the cursor, or the only one on its line. */
  #fixAt(position: number): boolean {
    const line = this.#view.state.doc.lineAt(position);
    const near = this.#fixes.filter((fix) => fix.start >= line.from && fix.end <= line.to);
    const found = near.find((fix) => fix.start <= position && position <= fix.end) ?? (near.length === 1 ? near[0] : undefined);
    if (found) this.fix(found);
    return found !== undefined;
  }

  destroy(): void {
    this.#view.destroy();
  }
}

function languageOf(words: Words) {
  return StreamLanguage.define<TokenState>({
    name: 'bpftrace',
    startState,
    copyState: (state) => ({ ...state }),
    token: (stream, state) => nextToken(stream, state, words),
    tokenTable: tags,
    languageData: { commentTokens: { line: '//', block: { open: '/*', close: '*/' } }, closeBrackets: { brackets: ['(', '[', '{', '"'] } },
  });
}

function fixAction(replacement: Replacement, fix: (replacement: Replacement) => void) {
  return { name: `Replace with ${replacement.text}`, apply: () => fix(replacement) };
}

/** Built from text nodes: a message may quote the script or names of the machine. */
function messageNode(diagnostic: DiagnosticView): Node {
  const box = document.createElement('div');
  const message = document.createElement('div');
  message.textContent = diagnostic.message;
  box.append(message);
  for (const help of diagnostic.help) {
    const line = document.createElement('div');
    line.className = 'help';
    line.textContent = help;
    box.append(line);
  }
  return box;
}
