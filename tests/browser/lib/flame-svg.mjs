// Draws a flame graph in the form of inferno's SVG (element names, attributes and titles), for the stand-in server.
const WIDTH = 1600;
const PAD = 10;
const ROW = 16;

const escape = (text) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** The same stacks as the tree that the explorer draws; at a moment, half of each. */
export function flameTree(stacks, { at = null } = {}) {
  const out = { version: 1, unit: 'samples', frames: [{ name: 'all', kind: 'label' }], frame: [0], depth: [0], own: [0] };
  const known = new Map();
  const key = (frame) => `${frame.name}\0${frame.kind}\0${frame.module ?? ''}`;
  let before = [];
  for (const { frames, count } of [...stacks].sort((a, b) => (a.frames.map(key).join('\x01') < b.frames.map(key).join('\x01') ? -1 : 1))) {
    let common = 0;
    while (common < frames.length && before[common] === key(frames[common])) common++;
    frames.forEach((frame, depth) => {
      if (depth < common) return;
      if (!known.has(key(frame))) known.set(key(frame), out.frames.push({ name: frame.name, kind: frame.kind, ...(frame.module ? { module: frame.module } : {}), ...(frame.kind === 'unresolved' ? { why: 'Generated code without a /tmp/perf-PID.map that names it' } : {}) }) - 1);
      out.frame.push(known.get(key(frame)));
      out.depth.push(depth + 1);
      out.own.push(0);
    });
    out.own[out.own.length - 1] += at === null ? count : Math.ceil(count / (2 + (frames.length % 3)));
    before = frames.map(key);
  }
  return out;
}

/** `stacks`: [{frames: [{name, kind}], count}] from the root outwards. */
export function flameSvg(stacks, { unit = 'samples', extra = '' } = {}) {
  const root = { name: 'all', kind: '', count: 0, children: new Map() };
  for (const { frames, count } of stacks) {
    let node = root;
    node.count += count;
    for (const frame of frames) {
      const key = `${frame.name}\0${frame.kind}`;
      if (!node.children.has(key)) node.children.set(key, { ...frame, count: 0, children: new Map() });
      node = node.children.get(key);
      node.count += count;
    }
  }
  const boxes = [];
  const place = (node, start, depth) => {
    boxes.push({ node, start, depth });
    let at = start;
    for (const child of [...node.children.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      place(child, at, depth + 1);
      at += child.count;
    }
  };
  place(root, 0, 0);
  const rows = Math.max(...boxes.map((box) => box.depth)) + 1;
  const height = rows * ROW + 100;
  const percent = (value) => `${((100 * value) / root.count).toFixed(4)}%`;
  const groups = boxes.map(({ node, start, depth }) => {
    const y = height - 50 - (depth + 1) * ROW + 1;
    const share = depth === 0 ? '100' : ((100 * node.count) / root.count).toFixed(2);
    const title = `${escape(node.name)} (${node.count.toLocaleString('en')} ${unit}, ${share}%)`;
    const kind = node.kind ? ` class="${node.kind}"` : '';
    return `<g${kind}><title>${title}</title><rect x="${percent(start)}" y="${y}" width="${percent(node.count)}" height="15" fill="rgb(230,120,60)" fg:x="${start}" fg:w="${node.count}"/><text x="${percent(start)}" y="${y + 10}">${escape(node.name)}</text></g>`;
  });
  return `<?xml version="1.0" standalone="no"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd"><svg version="1.1" width="${WIDTH}" height="${height}" onload="init(evt)" viewBox="0 0 ${WIDTH} ${height}" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:fg="http://github.com/jonhoo/inferno"><script type="text/ecmascript"><![CDATA[window.__xss = 'script of the drawing';]]></script>${extra}<text id="title" x="50%" y="24">Flame Graph</text><svg id="frames" x="${PAD}" width="${WIDTH - 2 * PAD}" total_samples="${root.count}">${groups.join('')}</svg></svg>`;
}
