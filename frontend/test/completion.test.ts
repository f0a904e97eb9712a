import { CompletionContext } from '@codemirror/autocomplete';
import { EditorState } from '@codemirror/state';
import { describe, expect, test } from 'vitest';
import { difference } from '../src/editor/change';
import { completionSource, typeOf, type Knowledge } from '../src/editor/complete';
import { contextAt, definitionsIn, namesIn } from '../src/editor/context';

/** `kind:text` at the `|`. */
function at(script: string): string {
  const offset = script.indexOf('|');
  const found = contextAt(script.replace('|', ''), offset);
  return found.kind === 'none' ? 'none' : `${found.kind}:${found.text}`;
}

describe('what is being written', () => {
  test.each([
    ['|', 'probe:'],
    ['trac|', 'probe:trac'],
    ['tracepoint:sched:sw|', 'probe:tracepoint:sched:sw'],
    ['k:a, k:b|', 'probe:k:b'],
    ['begin { }\nuprobe:/bin/ba|', 'probe:uprobe:/bin/ba'],
    ['uprobe:/usr//bin|', 'probe:uprobe:/usr//bin'],
    ['// what this is\nprof|', 'probe:prof'],
    ['#include <linux/fs.h>\nprof|', 'probe:prof'],
    ['k:vfs_read /pi|', 'word:pi'],
    ['k:vfs_read /args.|', 'member:'],
    ['k:vfs_read |', 'none'],
    ['begin { pri|', 'word:pri'],
    ['begin { $f->f_pa|', 'member:f_pa'],
    ['begin { args.fi|', 'member:fi'],
    ['begin { $na|', 'variable:$na'],
    ['begin { @byt|', 'map:@byt'],
    ['begin { @[com|', 'word:com'],
    ['begin { 10|', 'none'],
    ['begin { printf("pid|', 'none'],
    ['begin { printf("a\\"b", pi|', 'word:pi'],
    ['begin { // pi|', 'none'],
    ['begin { /* pi|', 'none'],
    ['config = { max_|', 'config:max_'],
    ['config = { max_strlen = 4|', 'none'],
    ['config = { max_strlen = 4; mi|', 'config:mi'],
    ['config = { } begin { pi|', 'word:pi'],
    ['struct foo|', 'none'],
  ])('%s', (script, wanted) => {
    expect(at(script)).toBe(wanted);
  });

  test('any text has an answer', () => {
    const odd = '@ $ { " \\ /* } // \u0000 é 🙂 -> . ::';
    for (let offset = 0; offset <= odd.length; offset += 1) expect(contextAt(odd, offset).kind).toBeTruthy();
  });

  test('names and definitions of the script', () => {
    expect(namesIn('begin { @a = 1; @b = @a; @ }', '@', 16)).toEqual(['@a', '@']);
    expect(namesIn('begin { $x = $1; $x }', '$', -1)).toEqual(['$x', '$1']);
    expect(definitionsIn('macro us(ns) { ns / 1000 } fn f($a: int64) : void { }')).toEqual([
      { name: 'us', signature: 'us(ns)', kind: 'macro' },
      { name: 'f', signature: 'f($a: int64)', kind: 'function' },
    ]);
  });
});

const knowledge: Knowledge = {
  language: () => ({
    keywords: ['if', 'return'],
    builtins: [
      { name: 'count', signature: 'count()', doc: 'Counts how often it is called. And more.', example: '' },
      { name: 'str', signature: 'str(address)', doc: 'Reads a string.', example: '' },
      { name: 'comm', signature: 'comm', doc: 'Name of the thread.', example: '' },
    ],
    probes: [{ names: ['begin'], syntax: 'begin', doc: 'At the start.', available: true, reason: null }],
    config: [{ name: 'max_strlen', values: '2 to 65536' }],
  }),
  probes: async (query) => ({ total: 2, names: [`tracepoint:${query}:b`, `tracepoint:${query}:a`] }),
  argumentsOf: async () => ['int dfd'],
  members: async (text, offset) =>
    text[offset - 1] === '$' ? { of: '', members: [{ name: '$name', declaration: 'string[16]' }] } : { of: 'struct qstr', members: [{ name: 'len', declaration: 'unsigned int len' }, { name: 'name', declaration: 'char *name' }] },
  maps: () => [{ name: '@reads', key: 'string[16]', value: 'count_t' }],
  variables: () => [],
};

async function complete(script: string, explicit = false) {
  const offset = script.indexOf('|');
  const state = EditorState.create({ doc: script.replace('|', '') });
  const found = await completionSource(knowledge)(new CompletionContext(state, offset, explicit));
  return found && { from: found.from, filter: found.filter, list: found.options.map((option) => `${option.label} ${option.detail ?? ''}`.trim()) };
}

describe('completion', () => {
  test('probes keep the order of the server, which ranks them', async () => {
    expect(await complete('begin { } sched|')).toEqual({ from: 10, filter: false, list: ['tracepoint:sched:b', 'tracepoint:sched:a'] });
    expect((await complete('beg|'))?.list[0]).toBe('begin');
    expect(await complete('|')).toBeNull();
    expect((await complete('|', true))?.list.length).toBe(2);
  });

  test('fields with their C types', async () => {
    expect(await complete('begin { $f.na| }')).toEqual({ from: 11, filter: undefined, list: ['len unsigned int', 'name char *'] });
    expect(typeOf({ name: 'filename', declaration: 'const char * filename' })).toBe('const char *');
    expect(typeOf({ name: 'comm', declaration: 'char comm[16]' })).toBe('char [16]');
  });

  test('variables, maps, config keys, functions', async () => {
    expect((await complete('begin { $| }'))?.list).toEqual(['$name string[16]']);
    expect((await complete('begin { @reads[comm] = count(); @r| }'))?.list).toEqual(['@reads [string[16]] count_t']);
    expect((await complete('config = { m| }'))?.list).toEqual(['max_strlen 2 to 65536']);
    const words = (await complete('macro cube(x) { x * x * x } begin { c| }'))?.list;
    expect(words).toEqual(['cube macro of this script', 'count Counts how often it is called', 'str Reads a string', 'comm Name of the thread', 'if keyword', 'return keyword']);
    expect(await complete('begin { printf("c|') ).toBeNull();
  });

  test('a server that does not answer leaves the list out', async () => {
    const down: Knowledge = { ...knowledge, probes: () => Promise.reject(new Error('down')), members: () => Promise.reject(new Error('down')) };
    const ask = (doc: string) => completionSource(down)(new CompletionContext(EditorState.create({ doc }), doc.length, true));
    expect(await ask('sched')).toBeNull();
    expect(await ask('begin { args.')).toBeNull();
  });
});

describe('changes', () => {
  test('only what differs is replaced', () => {
    expect(difference('abcdef', 'abXdef')).toEqual({ from: 2, to: 3, insert: 'X' });
    expect(difference('aa', 'aaa')).toEqual({ from: 2, to: 2, insert: 'a' });
    expect(difference('aaa', 'a')).toEqual({ from: 1, to: 3, insert: '' });
    expect(difference('same', 'same')).toBeNull();
  });
});
