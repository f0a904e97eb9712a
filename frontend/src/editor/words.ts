// What the editor colours as keyword, function and probe: the server's own tables.
import type { LanguageInfo } from '../protocol.gen';
import { firstWords, type Words } from './tokens';

export function wordsOf(language: LanguageInfo | null): Words {
  if (language === null) return firstWords;
  return {
    keywords: new Set([...firstWords.keywords, ...language.keywords]),
    functions: new Set(language.builtins.map((builtin) => builtin.name)),
    probes: new Set([...firstWords.probes, ...language.probes.flatMap((probe) => probe.names)]),
  };
}
