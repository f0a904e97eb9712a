// What is under the pointer: documentation of functions and probes, types of maps, variables and fields.
import { hoverTooltip, type Tooltip } from '@codemirror/view';
import { card } from './card';
import { mapType, probeCard, type Knowledge } from './complete';
import { contextAt, definitionsIn } from './context';

export function hover(knowledge: Knowledge) {
  return hoverTooltip(async (view, pos): Promise<Tooltip | null> => {
    const text = view.state.doc.toString();
    const end = pos + (/^[A-Za-z0-9_]*/.exec(text.slice(pos))?.[0].length ?? 0);
    const found = contextAt(text, end);
    if (found.kind === 'none' || found.text === '') return null;
    const stop = found.kind === 'probe' ? found.from + (/^[^\s,{]*/.exec(text.slice(found.from))?.[0].length ?? 0) : end;
    const dom = await about(knowledge, text, { kind: found.kind, word: text.slice(found.from, stop), end });
    return dom === null ? null : { pos: found.from, end: stop, above: true, create: () => ({ dom }) };
  });
}

interface Hovered {
  readonly kind: 'probe' | 'member' | 'variable' | 'map' | 'config' | 'word';
  readonly word: string;
  readonly end: number;
}

async function about(knowledge: Knowledge, text: string, { kind, word, end }: Hovered): Promise<HTMLElement | null> {
  const language = knowledge.language();
  switch (kind) {
    case 'probe': {
      const type = language?.probes.find((one) => one.names.some((name) => name.toLowerCase() === word.split(':')[0]?.toLowerCase()));
      if (word.includes(':') && !/[*?[]/.test(word)) return (await probeCard(knowledge, word)) as HTMLElement;
      return type ? card(type.syntax, type.doc) : null;
    }
    case 'map': {
      const map = knowledge.maps().find((one) => one.name === word);
      return map ? card(`${word}: ${mapType(map)}`, 'A map of this script') : null;
    }
    case 'variable': {
      const variable = knowledge.variables().find((one) => one.name === word);
      return variable ? card(`${word}: ${variable.declaration}`, 'A variable of this script') : null;
    }
    case 'member': {
      const answer = await knowledge.members(text, end).catch(() => null);
      const member = answer?.members.find((one) => one.name === word);
      return answer && member ? card(member.declaration, `of ${answer.of}`) : null;
    }
    case 'config': {
      const key = language?.config.find((one) => one.name === word);
      return key ? card(key.name, key.values) : null;
    }
    case 'word': {
      const own = definitionsIn(text).find((one) => one.name === word);
      if (own) return card(own.signature, own.kind === 'macro' ? 'A macro of this script' : 'A function of this script');
      const builtin = language?.builtins.find((one) => one.name === word);
      return builtin ? card(builtin.signature, builtin.doc, builtin.example) : null;
    }
  }
}
