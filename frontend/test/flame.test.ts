import { describe, expect, test } from 'vitest';
import { parseFlameSvg, splitTitle } from '../src/flame/import';
import { move } from '../src/flame/keys';
import { fitText, layout, shortName, survivingFocus } from '../src/flame/layout';
import { buildModel, pathTo, type FlameModel } from '../src/flame/model';
import { search } from '../src/flame/search';

/** Frames as inferno writes them: `[name, start, width, depth, class]`. */
function drawing(frames: readonly (readonly [string, number, number, number, string?])[], options: { icicle?: boolean; total?: number } = {}): string {
  const rows = Math.max(...frames.map((frame) => frame[3]));
  const groups = frames.map(([name, start, width, depth, kind]) => {
    const y = options.icicle ? 60 + depth * 16 : 60 + (rows - depth) * 16;
    const title = `${name.replace(/&/g, '&amp;').replace(/</g, '&lt;')} (${width} samples, 12.00%)`;
    return `<g${kind ? ` class="${kind}"` : ''}><title>${title}</title><rect x="0%" y="${y}" width="1%" height="15" fill="rgb(1,2,3)" fg:x="${start}" fg:w="${width}"/><text x="1" y="2">..</text></g>`;
  });
  return `<?xml version="1.0"?><svg onload="init(evt)"><script><![CDATA[alert(1)]]></script><rect x="0" y="0" width="100%"/><svg id="frames" total_samples="${options.total ?? 100}">${groups.join('')}</svg></svg>`;
}

const sample = [
  ['all', 0, 100, 0],
  ['bash', 0, 40, 1, 'label'],
  ['main', 0, 30, 2, 'user'],
  ['vfs_read', 0, 20, 3, 'kernel'],
  ['node', 40, 60, 1, 'label'],
  ['main', 40, 60, 2, 'user'],
  ['vfs_read', 40, 10, 3, 'kernel'],
  ['vfs_write', 50, 30, 3, 'kernel'],
] as const;

const model = parseFlameSvg(drawing(sample), () => null);
const find = (of: FlameModel, ...path: string[]) => {
  const index = of.frames.findIndex((frame) => pathTo(of, frame.index).map((one) => one.name).join('/') === path.join('/'));
  expect(index, path.join('/')).toBeGreaterThanOrEqual(0);
  return index;
};

describe('reading the drawing', () => {
  test('frames hang under the frame that spans them', () => {
    expect(pathTo(model, find(model, 'all', 'node', 'main', 'vfs_write')).map((frame) => frame.name)).toEqual(['all', 'node', 'main', 'vfs_write']);
    expect(model.total).toBe(100);
    expect(model.depth).toBe(4);
    expect(model.unit).toBe('samples');
  });

  test('self is what no callee covers', () => {
    expect(model.frames[find(model, 'all', 'node', 'main')]?.self).toBe(20);
    expect(model.frames[find(model, 'all', 'node')]?.self).toBe(0);
    expect(model.frames[find(model, 'all', 'node', 'main', 'vfs_write')]?.self).toBe(30);
  });

  test('an icicle has its root on top', () => {
    const icicle = parseFlameSvg(drawing(sample, { icicle: true }), () => null);
    expect(icicle.frames.map((frame) => frame.id)).toEqual(model.frames.map((frame) => frame.id));
  });

  test('a single column knows its root by the drawing, not by chance', () => {
    const column = [['all', 0, 10, 0], ['a', 0, 10, 1, 'user'], ['b', 0, 10, 2, 'user']] as const;
    expect(parseFlameSvg(drawing(column, { total: 10 }), () => null).frames[0]?.name).toBe('all');
  });

  test('kinds come from the class, then from what the map knows, then from the name', () => {
    const frames = [['all', 0, 9, 0], ['a', 0, 3, 1, 'inlined'], ['b', 3, 3, 1], ['0x7f00', 6, 3, 1]] as const;
    const read = parseFlameSvg(drawing(frames, { total: 9 }), (name) => (name === 'b' ? 'kernel' : null));
    expect(read.frames.map((frame) => frame.kind)).toEqual(['root', 'inlined', 'kernel', 'unresolved']);
  });

  test('names are text, whatever they say', () => {
    const name = '<script>alert(1)</script> & (x)';
    const read = parseFlameSvg(drawing([['all', 0, 5, 0], [name, 0, 5, 1, 'user']], { total: 5 }), () => null);
    expect(read.frames[1]?.name).toBe(name);
  });

  test('a title with parentheses in the name is split at the last ones', () => {
    expect(splitTitle('std::vector<int>::at(size_t) (1,234 samples, 5.10%)')).toEqual({ name: 'std::vector<int>::at(size_t)', unit: 'samples' });
    expect(splitTitle('all (9 bytes, 100%)')).toEqual({ name: 'all', unit: 'bytes' });
    expect(splitTitle('f (9 ns, 1.00%; +0.50%)')).toEqual({ name: 'f', unit: 'ns' });
  });

  test('a drawing without frames is empty', () => {
    expect(parseFlameSvg('<svg></svg>', () => null).frames).toHaveLength(0);
  });
});

describe('ids', () => {
  test('a frame keeps its id when others come and numbers grow', () => {
    const grown = parseFlameSvg(
      drawing([['all', 0, 200, 0], ['aaa', 0, 50, 1, 'label'], ['bash', 50, 70, 1, 'label'], ['main', 50, 60, 2, 'user'], ['node', 120, 80, 1, 'label'], ['main', 120, 70, 2, 'user'], ['vfs_write', 120, 50, 3, 'kernel']], { total: 200 }),
      () => null,
    );
    const id = model.frames[find(model, 'all', 'node', 'main', 'vfs_write')]?.id ?? '';
    expect(grown.byId.get(id)).toBe(find(grown, 'all', 'node', 'main', 'vfs_write'));
  });

  test('one name under two callers is two frames', () => {
    expect(new Set(model.frames.map((frame) => frame.id)).size).toBe(model.frames.length);
  });

  test('a frame that is spanned by none is left out', () => {
    expect(buildModel([{ name: 'all', kind: 'root', start: 0, width: 10, depth: 0 }, { name: 'x', kind: 'user', start: 8, width: 5, depth: 1 }], 10, 'samples').frames).toHaveLength(1);
  });
});

describe('zoom', () => {
  const node = find(model, 'all', 'node');

  test('the zoomed frame and its callers fill the width', () => {
    const boxes = layout(model, node, 600);
    expect(boxes.filter((box) => box.above).map((box) => [box.frame.name, box.width])).toEqual([['all', 600]]);
    expect(boxes.find((box) => box.frame.index === node)).toMatchObject({ x: 0, width: 600 });
    expect(boxes.find((box) => box.frame.name === 'vfs_write')).toMatchObject({ x: 100, width: 300 });
    expect(boxes.some((box) => box.frame.name === 'bash')).toBe(false);
  });

  test('a frame narrower than a pixel is not drawn', () => {
    expect(layout(model, 0, 4).some((box) => box.width < 0.6)).toBe(false);
  });

  test('a zoom on a frame that went away falls back to its nearest caller', () => {
    const wanted = ['all', 'node'].map((_, depth) => pathTo(model, node)[depth]?.id ?? '').concat('gone');
    expect(survivingFocus(model, wanted)).toBe(node);
    expect(survivingFocus(model, ['unknown'])).toBe(0);
  });

  test('a file stands without its folders', () => {
    expect(shortName('[/usr/lib/x/libfoo.so.1]')).toBe('[libfoo.so.1]');
    expect(shortName('[unknown]')).toBe('[unknown]');
    expect(shortName('operator/')).toBe('operator/');
  });

  test('text is cut to its room, and left out without any', () => {
    expect(fitText('vfs_read', 100, 7)).toBe('vfs_read');
    expect(fitText('vfs_read', 48, 7)).toBe('vfs_r…');
    expect(fitText('vfs_read', 20, 7)).toBe('');
  });
});

describe('search', () => {
  test('the share counts each sample once', () => {
    const found = search(model, 'MAIN', 0);
    expect(found.frames.size).toBe(2);
    expect(found.width).toBe(90);
    expect(search(model, 'a', 0).width).toBe(100);
  });

  test('the share is of the zoom', () => {
    expect(search(model, 'vfs_read', find(model, 'all', 'node')).width).toBe(10);
    expect(search(model, 'vfs_read', find(model, 'all', 'node')).frames.size).toBe(2);
  });

  test('a term is plain text, not a pattern', () => {
    expect(search(model, '.*', 0).frames.size).toBe(0);
    expect(search(model, '  ', 0).frames.size).toBe(0);
  });
});

describe('keys', () => {
  test('moves lead to caller, widest callee and neighbours', () => {
    const node = find(model, 'all', 'node');
    expect(move(model, node, 'parent')).toBe(0);
    expect(move(model, 0, 'child')).toBe(node);
    expect(move(model, node, 'previous')).toBe(find(model, 'all', 'bash'));
    expect(move(model, node, 'next')).toBe(node);
  });
});
