// Completion: what may stand at the cursor, with its type and its documentation.
import type { Completion, CompletionContext, CompletionResult, CompletionSource } from '@codemirror/autocomplete';
import type { EditorView } from '@codemirror/view';
import type { BuiltinInfo, CheckedMap, CompleteResponse, Declared, LanguageInfo, ProbeMatches } from '../protocol.gen';
import { contextAt, definitionsIn, namesIn, type Context } from './context';
import { card } from './card';

/** Where the editor's knowledge comes from: the server, and its last check of the script. */
export interface Knowledge {
  readonly language: () => LanguageInfo | null;
  readonly probes: (query: string, signal: AbortSignal) => Promise<ProbeMatches>;
  readonly argumentsOf: (probe: string) => Promise<readonly string[]>;
  readonly members: (source: string, offset: number) => Promise<CompleteResponse>;
  readonly maps: () => readonly CheckedMap[];
  readonly variables: () => readonly Declared[];
}

/** As many as a list can show and a person reads. */
const MOST_PROBES = 60;

export function completionSource(knowledge: Knowledge): CompletionSource {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const text = context.state.doc.toString();
    const found = contextAt(text, context.pos);
    switch (found.kind) {
      case 'none':
        return null;
      case 'probe':
        return found.text === '' && !context.explicit ? null : probes(knowledge, context, found);
      case 'member':
        return members(knowledge, text, context.pos, found);
      case 'variable':
        return variables(knowledge, text, context.pos, found);
      case 'map':
        return list(found, maps(knowledge, text, found.from));
      case 'config':
        return list(found, (knowledge.language()?.config ?? []).map((key): Completion => ({ label: key.name, detail: key.values, apply: `${key.name} = ` })));
      case 'word':
        return found.text === '' && !context.explicit ? null : list(found, words(knowledge, text));
    }
  };
}

function list(found: Exclude<Context, { kind: 'none' }>, options: readonly Completion[]): CompletionResult | null {
  return options.length === 0 ? null : { from: found.from, options, validFor: /^[$@]?\w*$/ };
}

async function probes(knowledge: Knowledge, context: CompletionContext, found: Extract<Context, { kind: 'probe' }>): Promise<CompletionResult | null> {
  const abort = new AbortController();
  context.addEventListener('abort', () => abort.abort(), { onDocChange: true });
  const query = found.text.replace(/\*/g, ' ');
  const matches = await knowledge.probes(query, abort.signal).catch(() => null);
  if (matches === null) return null;
  // What stands alone, such as begin, is no attach point of the machine.
  const lone = (knowledge.language()?.probes ?? []).filter((kind) => kind.available && !kind.syntax.includes(':') && kind.names.some((name) => found.text !== '' && name.startsWith(found.text.toLowerCase())));
  const options: Completion[] = lone.map((kind) => ({ label: kind.names[0] ?? kind.syntax, info: () => card(kind.syntax, kind.doc) }));
  for (const name of matches.names.slice(0, MOST_PROBES)) options.push({ label: name, info: () => probeCard(knowledge, name) });
  // The server has ranked them, over all probes, not over those that happen to be here.
  return options.length === 0 ? null : { from: found.from, options, filter: false };
}

export async function probeCard(knowledge: Knowledge, name: string): Promise<Node> {
  const lines = await knowledge.argumentsOf(name).catch(() => []);
  return card(name, lines.length === 0 ? 'No arguments are known.' : 'args has:', lines.join('\n'));
}

async function members(knowledge: Knowledge, text: string, offset: number, found: Extract<Context, { kind: 'member' }>): Promise<CompletionResult | null> {
  const answer = await knowledge.members(text, offset).catch(() => null);
  if (answer === null || answer.members.length === 0) return null;
  return list(found, answer.members.map((member) => ({ label: member.name, detail: typeOf(member), info: () => card(member.declaration, `of ${answer.of}`) })));
}

/** The type alone, where a declaration ends with the name. */
export function typeOf(member: Declared): string {
  const { declaration, name } = member;
  const bare = declaration.endsWith(name) ? declaration.slice(0, -name.length).trim() : declaration.replace(new RegExp(`\\b${name}\\b`), '').trim();
  return bare === '' ? declaration : bare;
}

async function variables(knowledge: Knowledge, text: string, offset: number, found: Extract<Context, { kind: 'variable' }>): Promise<CompletionResult | null> {
  const answer = await knowledge.members(text, offset).catch(() => null);
  const known = new Map((answer?.members.length ? answer.members : knowledge.variables()).map((variable) => [variable.name, variable.declaration]));
  const names = answer?.members.length ? [...known.keys()] : namesIn(text, '$', found.from);
  return list(found, names.map((name) => ({ label: name, detail: known.get(name) ?? '' })));
}

function maps(knowledge: Knowledge, text: string, except: number): Completion[] {
  const types = new Map(knowledge.maps().map((map) => [map.name, map]));
  return namesIn(text, '@', except).map((name) => {
    const map = types.get(name);
    return { label: name, detail: map ? mapType(map) : '' };
  });
}

export function mapType(map: CheckedMap): string {
  return map.key === null ? map.value : `[${map.key}] ${map.value}`;
}

function words(knowledge: Knowledge, text: string): Completion[] {
  const language = knowledge.language();
  const own = definitionsIn(text).map((one): Completion => ({ label: one.name, detail: one.kind === 'macro' ? 'macro of this script' : 'function of this script', apply: applyCall(one.name, one.signature), info: () => card(one.signature, '') }));
  const builtins = (language?.builtins ?? []).map((builtin): Completion => ({ label: builtin.name, detail: detailOf(builtin), apply: applyCall(builtin.name, builtin.signature), info: () => card(builtin.signature, builtin.doc, builtin.example) }));
  const keywords = (language?.keywords ?? []).map((label): Completion => ({ label, detail: 'keyword', boost: -1 }));
  const taken = new Set([...own, ...builtins].map((one) => one.label));
  return [...own, ...builtins, ...keywords.filter((one) => !taken.has(one.label))];
}

/** The first line of what it does. */
function detailOf(builtin: BuiltinInfo): string {
  const line = /^[^.\n]*/.exec(builtin.doc)?.[0] ?? '';
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

/** A function is completed with its parentheses, the cursor between them when it takes arguments. */
function applyCall(name: string, signature: string): string | ((view: EditorView, completion: Completion, from: number, to: number) => void) {
  const call = signature.indexOf('(');
  if (call < 0) return name;
  const takesNothing = /^\(\s*\)/.test(signature.slice(call));
  return (view, _, from, to) => {
    const hasParentheses = view.state.sliceDoc(to, to + 1) === '(';
    const insert = hasParentheses ? name : `${name}()`;
    const anchor = from + insert.length - (hasParentheses || takesNothing ? 0 : 1);
    view.dispatch({ changes: { from, to, insert }, selection: { anchor }, userEvent: 'input.complete' });
  };
}
