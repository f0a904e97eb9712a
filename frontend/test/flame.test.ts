import { describe, expect, test } from 'vitest';
import { changeText, shareChanges, since } from '../src/flame/diff';
import { idleWeight, withoutIdle } from '../src/flame/idle';
import { move } from '../src/flame/keys';
import { boxAt, fitText, layout, shortName } from '../src/flame/layout';
import { callees, callers, functions, inverted } from '../src/flame/merge';
import { nextMatch, search } from '../src/flame/search';
import { parseAgainst } from '../src/flame/source.svelte';
import { buildTree, findNode, frameOf, idText, pathTo, reweigh, survivingNode, type FlameTree, type FrameKind } from '../src/flame/tree';

/** A tree of stacks as the server would send it: sorted, each frame told once. */
export function treeOf(stacks: Readonly<Record<string, number>>, unit = 'samples'): FlameTree {
  const frames: { name: string; kind: FrameKind; module?: string }[] = [{ name: 'all', kind: 'label' }];
  const flat = { frame: [0], depth: [0], own: [0] };
  let before: string[] = [];
  for (const path of Object.keys(stacks).sort()) {
    const names = path.split(';');
    const common = names.findIndex((name, index) => before[index] !== name);
    names.forEach((name, depth) => {
      if (common >= 0 && depth < common) return;
      const kind: FrameKind = depth === 0 ? 'label' : name.endsWith('_k') ? 'kernel' : 'user';
      const plain = name.replace(/_k$/, '');
      let index = frames.findIndex((frame) => frame.name === plain && frame.kind === kind);
      if (index < 0) index = frames.push({ name: plain, kind }) - 1;
      flat.frame.push(index);
      flat.depth.push(depth + 1);
      flat.own.push(0);
    });
    flat.own[flat.own.length - 1] = stacks[path] ?? 0;
    before = names;
  }
  return buildTree({ frames, unit, ...flat });
}

const stacks = { 'bash;main': 10, 'bash;main;read_k': 20, 'node;main': 20, 'node;main;read_k': 10, 'node;main;write_k': 40 };
const tree = treeOf(stacks);
const names = (of: FlameTree, node: number) => pathTo(of, node).map((at) => frameOf(of, at).name).join('/');
const find = (path: string, of = tree) => {
  const node = [...of.frame.keys()].findIndex((at) => names(of, at) === path);
  expect(node, path).toBeGreaterThanOrEqual(0);
  return node;
};
const lines = (of: FlameTree) => [...of.frame.keys()].filter((node) => (of.own[node] ?? 0) > 0).map((node) => `${names(of, node)} ${of.own[node]}`);

describe('tree', () => {
  test('sums, ranges and places follow from depths and own weights', () => {
    expect(tree.total[0]).toBe(100);
    const main = find('all/node/main');
    expect([tree.total[main], tree.own[main], tree.start[main]]).toEqual([70, 20, 30]);
    expect(tree.end[find('all/bash')]).toBe(find('all/node'));
    expect(tree.start[find('all/node/main/write')]).toBe(40);
    expect(tree.end[0]).toBe(tree.size);
  });

  test('a node keeps its id when others come, numbers grow and frames are told in another order', () => {
    const grown = treeOf({ 'aaa;zzz': 5, ...stacks, 'node;main;write_k': 400 });
    expect(grown.id[find('all/node/main/write', grown)]).toBe(tree.id[find('all/node/main/write')]);
    expect(findNode(grown, idText(tree.id[find('all/node')] ?? 0))).toBe(find('all/node', grown));
  });

  test('one name under two callers is two nodes, and no two nodes have one id', () => {
    expect(new Set(tree.id).size).toBe(tree.size);
    const wide = treeOf(Object.fromEntries(Array.from({ length: 4000 }, (_, index) => [`p${index % 50};f${index};g${index % 7}`, 1])));
    expect(new Set(wide.id).size).toBe(wide.size);
  });

  test('a focus that is gone falls back to the deepest caller that is there', () => {
    const path = pathTo(tree, find('all/node/main/write')).map((node) => tree.id[node] ?? 0);
    const without = treeOf({ 'node;main': 5, 'bash;main': 1 });
    expect(names(without, survivingNode(without, path))).toBe('all/node/main');
    expect(survivingNode(treeOf({ 'sh;x': 1 }), path)).toBe(0);
    expect(findNode(tree, 'not a hash')).toBe(-1);
  });

  test('reweighing leaves out what weighs nothing', () => {
    const own = tree.own.map((weight, node) => (frameOf(tree, node).kind === 'kernel' ? 0 : weight));
    expect(lines(reweigh(tree, own))).toEqual(['all/bash/main 10', 'all/node/main 20']);
  });
});

describe('layout', () => {
  const drawn = (boxes: ReturnType<typeof layout>, of = tree) => Array.from({ length: boxes.count }, (_, at) => [(boxes.node[at] ?? -1) < 0 ? 'strip' : names(of, boxes.node[at] ?? 0), Math.round(boxes.x[at] ?? 0), Math.round(boxes.width[at] ?? 0)]);

  test('widths are shares of the focus, callers stand over the whole width', () => {
    const boxes = layout(tree, find('all/node'), 700);
    expect(drawn(boxes)).toEqual([['all', 0, 700], ['all/node', 0, 700], ['all/node/main', 0, 700], ['all/node/main/read', 0, 100], ['all/node/main/write', 100, 400]]);
    expect([...boxes.above.subarray(0, boxes.count)]).toEqual([1, 0, 0, 0, 0]);
    expect(boxes.rows).toBe(4);
  });

  test('nodes below a pixel are one strip, and nothing under them is visited', () => {
    const many: Record<string, number> = { 'big;f': 10_000 };
    for (let index = 0; index < 500; index++) many[`tiny${String(index).padStart(3, '0')};a;b;c`] = 1;
    const of = treeOf(many);
    const boxes = layout(of, 0, 1000);
    const strips = drawn(boxes, of).filter(([name]) => name === 'strip');
    expect(strips).toHaveLength(1);
    expect(strips[0]?.[2]).toBe(48);
    expect(boxes.count).toBe(4);
    const width = drawn(boxes, of).filter(([, , wide], at) => (boxes.depth[at] ?? 0) === 1 && Number(wide) > 0).reduce((sum, [, , wide]) => sum + Number(wide), 0);
    expect(Math.abs(width - 1000)).toBeLessThanOrEqual(2);
  });

  test('a point finds its box, a gap finds none', () => {
    const boxes = layout(tree, 0, 1000);
    expect(names(tree, boxes.node[boxAt(boxes, 450, 3)] ?? 0)).toBe('all/node/main/write');
    expect(boxAt(boxes, 950, 3)).toBe(-1);
  });

  test('an empty tree draws nothing', () => {
    expect(layout(treeOf({}), 0, 500).count).toBe(0);
  });

  test('names are cut to their room', () => {
    expect(fitText('vfs_read', 100, 7)).toBe('vfs_read');
    expect(fitText('vfs_read', 48, 7)).toBe('vfs_r…');
    expect(fitText('vfs_read', 20, 7)).toBe('');
    expect(shortName('[/usr/lib/x86_64-linux-gnu/libc.so.6]')).toBe('[libc.so.6]');
  });
});

describe('search', () => {
  test('the share counts each sample once and stays within the focus', () => {
    expect(search(tree, 'MAIN', 0)?.width).toBe(100);
    expect(search(tree, 'read', 0)?.width).toBe(30);
    expect(search(tree, 'read', find('all/node'))?.width).toBe(10);
    expect(search(tree, ' ', 0)).toBeNull();
    expect(search(tree, 'all', 0)?.distinct).toBe(0);
  });

  test('rare and common names have the share that a walk from each node to the root gives', () => {
    let seed = 7;
    const random = () => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0) / 2 ** 32;
    const frames = Array.from({ length: 300 }, (_, index) => ({ name: `f${index}.`, kind: 'user' as const }));
    const [frame, depth, own] = [[0], [0], [0]];
    while (frame.length < 4000) {
      const last = depth.at(-1) ?? 0;
      frame.push(1 + Math.floor(random() * 299));
      depth.push(random() < 0.7 ? last + 1 : Math.max(1, Math.floor(random() * last)));
      own.push(Math.floor(random() * 9));
    }
    const large = buildTree({ frames, frame, depth, own, unit: 'samples' });
    for (const term of ['f7.', 'f77.', 'f1', '9.', '.', 'none']) {
      for (const focus of [0, 1, 1234]) {
        const matches = (node: number) => (large.frame[node] ?? 0) > 0 && frames[large.frame[node] ?? 0]?.name.includes(term);
        let width = 0;
        for (let node = focus; node < (large.end[focus] ?? 0); node++) {
          let above = node;
          while (above !== focus && !matches((above = large.parent[above] ?? focus)));
          if (matches(node) && (node === focus || !matches(above))) width += large.total[node] ?? 0;
        }
        expect(search(large, term, focus)?.width, `${term} in ${focus}`).toBe(width);
      }
    }
  });

  test('n and N go round the matches of the focus', () => {
    const found = search(tree, 'read', 0);
    if (!found) throw new Error('nothing found');
    const first = nextMatch(tree, found, 0, 0, 1);
    expect(names(tree, first)).toBe('all/bash/main/read');
    expect(names(tree, nextMatch(tree, found, 0, first, 1))).toBe('all/node/main/read');
    expect(nextMatch(tree, found, 0, nextMatch(tree, found, 0, first, 1), 1)).toBe(first);
    expect(names(tree, nextMatch(tree, found, 0, first, -1))).toBe('all/node/main/read');
  });
});

describe('keys', () => {
  test('arrows go to caller, widest callee and neighbours, and stay at the edges', () => {
    expect(names(tree, move(tree, 0, 'child'))).toBe('all/node');
    expect(names(tree, move(tree, find('all/bash'), 'next'))).toBe('all/node');
    expect(names(tree, move(tree, find('all/node'), 'previous'))).toBe('all/bash');
    expect(move(tree, find('all/node'), 'next')).toBe(find('all/node'));
    expect(move(tree, find('all/bash'), 'previous')).toBe(find('all/bash'));
    expect(names(tree, move(tree, find('all/node/main'), 'parent'))).toBe('all/node');
    expect(move(tree, 0, 'parent')).toBe(0);
  });
});

describe('idle', () => {
  test('samples that end in the idle loop are hidden, work in its interrupts is not', () => {
    const of = treeOf({ 'swapper;do_idle_k;cpuidle_enter_k;native_safe_halt_k': 90, 'swapper;do_idle_k;asm_interrupt_k;net_rx_k': 5, 'bash;main': 5 });
    expect(idleWeight(of)).toBe(90);
    expect(lines(withoutIdle(of))).toEqual(['all/bash/main 5', 'all/swapper/do_idle/asm_interrupt/net_rx 5']);
    expect(withoutIdle(tree)).toBe(tree);
  });

  test('a program may call its function as it likes', () => {
    expect(idleWeight(treeOf({ 'app;do_idle': 3 }))).toBe(0);
  });
});

describe('other trees', () => {
  test('inverted: innermost first, weights the same', () => {
    const turned = inverted(tree);
    expect(lines(turned)).toEqual(['all/main/bash 10', 'all/main/node 20', 'all/read/main/bash 20', 'all/read/main/node 10', 'all/write/main/node 40']);
    expect(turned.total[0]).toBe(100);
  });

  test('sandwich: callers and callees of all calls of one function', () => {
    const frame = tree.frames.findIndex((one) => one.name === 'main');
    expect(lines(callers(tree, frame))).toEqual(['main/bash 30', 'main/node 70']);
    expect(lines(callees(tree, frame))).toEqual(['main 30', 'main/read 30', 'main/write 40']);
  });

  test('recursion counts once', () => {
    const of = treeOf({ 'p;f;f;f;g': 4, 'p;f;h': 6 });
    const frame = of.frames.findIndex((one) => one.name === 'f');
    expect(callers(of, frame).total[0]).toBe(10);
    expect(callees(of, frame).total[0]).toBe(10);
    expect(functions(of, 0).find((row) => row.frame === frame)).toEqual({ frame, self: 0, total: 10 });
  });

  test('functions add up self and total over all their calls, labels are none', () => {
    const rows = functions(tree, 0).map((row) => [tree.frames[row.frame]?.name, row.self, row.total]);
    expect(rows).toEqual([['main', 30, 100], ['read', 30, 30], ['write', 40, 40]]);
  });
});

describe('comparison', () => {
  test('changes are of shares: twice as long a run changes nothing', () => {
    const twice = treeOf(Object.fromEntries(Object.entries(stacks).map(([path, weight]) => [path, weight * 2])));
    expect(Math.max(...shareChanges(twice, tree).map(Math.abs))).toBe(0);
    const more = treeOf({ ...stacks, 'bash;new': 100 });
    const changes = shareChanges(more, tree);
    expect(changes[find('all/bash/new', more)]).toBeCloseTo(0.5);
    expect(changes[find('all/node', more)]).toBeCloseTo(-0.35);
  });

  test('what came after a moment is the difference', () => {
    const later = treeOf({ ...stacks, 'node;main;write_k': 55, 'sh;x': 1 });
    expect(lines(since(later, tree))).toEqual(['all/node/main/write 15', 'all/sh/x 1']);
  });

  test('a change carries its sign', () => {
    expect([changeText(0.0321), changeText(-0.004), changeText(0.0001)]).toEqual(['+3.2 %', '−0.4 %', '±0 %']);
  });

  test('what an address compares with is read strictly', () => {
    expect(parseAgainst('at:12000')).toEqual({ kind: 'moment', ms: 12_000 });
    expect(parseAgainst('run:abc')).toEqual({ kind: 'run', id: 'abc' });
    for (const text of [undefined, '', 'at:', 'at:-1', 'run:../x', 'x']) expect(parseAgainst(text)).toBeNull();
  });
});
