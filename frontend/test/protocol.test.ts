// Samples that the server's tests wrote: the page must understand each.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { chartsFor } from '../src/charts/registry';
import { parseMessage } from '../src/socket';
import { panelsOf } from '../src/state/panels';
import { emptyRun, reduceRun } from '../src/state/run';

const folder = fileURLToPath(new URL('../../tests/protocol', import.meta.url));
const samples = readdirSync(folder).filter((name) => /^server-.*\.json$/.test(name));
const messages = samples.map((name) => ({ name, message: parseMessage(readFileSync(`${folder}/${name}`, 'utf8')) }));

describe('samples of the server', () => {
  test('there are some of each form', () => {
    expect(new Set(messages.map(({ message }) => message?.type))).toEqual(new Set(['snapshot', 'update', 'skipped', 'evicted', 'error']));
  });

  test.each(messages)('$name is understood', ({ message }) => {
    if (message === null) throw new Error('the page does not know this message');
    const state = reduceRun(emptyRun, message);
    if (message.type === 'snapshot' || message.type === 'update') expect(state.sequence).toBe(message.sequence);
    expect(panelsOf(state).length).toBeGreaterThan(0);
    for (const map of state.maps.values()) expect(chartsFor(map.view).length).toBeGreaterThan(0);
  });
});
