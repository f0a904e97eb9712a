// A flame graph of a million nodes, as the server would send it.

const KINDS = ['kernel', 'user', 'inlined'];

/** Paths of 1 to 60 frames that branch at random, the same in every run: nodes in depth-first order. */
export function largeTree(size) {
  let seed = 12_345;
  const random = () => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0) / 2 ** 32;
  const frames = Array.from({ length: 20_000 }, (_, index) => ({ name: `function_${index}_of_some_module`, kind: KINDS[index % 3], module: `/usr/lib/lib${index % 40}.so` }));
  const [frame, depth, own] = [[0], [0], [0]];
  while (frame.length < size) {
    const last = depth.at(-1);
    frame.push(1 + Math.floor(random() * 19_999));
    depth.push(random() < 0.72 && last < 60 ? last + 1 : Math.max(1, Math.floor(random() * last)));
    own.push(random() < 0.4 ? Math.ceil(random() ** 8 * 5000) : 0);
  }
  return { frames, frame, depth, own, unit: 'samples' };
}
