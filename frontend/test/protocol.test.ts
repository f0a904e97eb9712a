// Samples that the server's tests wrote: the page must understand each.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { chartsFor } from '../src/charts/registry';
import { parseMessage } from '../src/socket';
import { panelsOf } from '../src/state/panels';
import { emptyRun, reduceRun } from '../src/state/run';

const folder = fileURLToPath(new URL('../../tests/protocol', import.meta.url));
const samples = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
const messages = samples.map((name) => ({ name, message: parseMessage(readFileSync(`${folder}/${name}`, 'utf8')) })).filter((sample) => sample.message !== null);

describe.skipIf(messages.length === 0)('samples of the server', () => {
  test.each(messages)('$name is understood', ({ message }) => {
    if (message === null) throw new Error('not a message');
    const state = reduceRun(emptyRun, message);
    if (message.type === 'snapshot' || message.type === 'update') expect(state.sequence).toBe(message.sequence);
    expect(panelsOf(state).length).toBeGreaterThan(0);
    for (const map of state.maps.values()) expect(chartsFor(map.view).length).toBeGreaterThan(0);
  });
});
