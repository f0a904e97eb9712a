// How long a flame graph of a million nodes takes: npx vitest bench --run
import { bench, describe } from 'vitest';
import { layout } from '../src/flame/layout';
import { nextMatch, search } from '../src/flame/search';
import { buildTree, findNode, idText, type FrameKind } from '../src/flame/tree';

const SIZE = 1_000_000;
const KINDS: FrameKind[] = ['kernel', 'user', 'inlined'];

/** Paths of 1 to 60 frames that branch at random, with a fixed seed. */
function large() {
  let seed = 12_345;
  const random = () => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0) / 2 ** 32;
  const frames = Array.from({ length: 20_000 }, (_, index) => ({ name: `function_${index}_of_some_module`, kind: KINDS[index % 3] ?? 'user', module: `/usr/lib/lib${index % 40}.so` }));
  const [frame, depth, own] = [[0], [0], [0]];
  while (frame.length < SIZE) {
    const last = depth[depth.length - 1] ?? 0;
    frame.push(Math.floor(random() * 20_000));
    depth.push(random() < 0.72 && last < 60 ? last + 1 : Math.max(1, Math.floor(random() * last)));
    own.push(random() < 0.4 ? Math.ceil(random() ** 8 * 5000) : 0);
  }
  return { frames, frame, depth, own, unit: 'samples' };
}

const flat = large();
const tree = buildTree(flat);
const deep = tree.depth.indexOf(20);
const found = search(tree, 'function_77', 0);

describe('a flame graph of 1,000,000 nodes', () => {
  bench('layout of everything at 1440 px', () => void layout(tree, 0, 1440));
  bench('layout of a zoom', () => void layout(tree, deep, 1440));
  bench('finding the focus of an address', () => void findNode(tree, idText(tree.id[SIZE - 1] ?? 0)));
  bench('search with its share', () => void search(tree, 'function_77', 0));
  bench('search for nothing that is there', () => void search(tree, 'no such thing', 0));
  bench('next match', () => void (found && nextMatch(tree, found, 0, deep, 1)));
  bench('reading the data into arrays', () => void buildTree(flat), { iterations: 3 });
});
