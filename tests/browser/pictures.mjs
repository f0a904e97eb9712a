// The pictures in README.md and docs/, taken anew: `node tests/browser/pictures.mjs DIR`, where DIR is what
// `run.mjs --screenshots DIR` has filled. Which pictures there are is what the documents show; a picture that no document
// shows is removed, and one that no test takes is an error.
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './lib/modules.mjs';

const taken = process.argv[2];
if (!taken) {
  console.log('usage: node tests/browser/pictures.mjs DIR, the folder that run.mjs --screenshots has filled');
  process.exit(2);
}
const folder = join(repository, 'docs/screenshots');
const documents = [join(repository, 'README.md'), ...readdirSync(join(repository, 'docs')).filter((name) => name.endsWith('.md')).map((name) => join(repository, 'docs', name))];
const shown = new Set(documents.flatMap((path) => [...readFileSync(path, 'utf8').matchAll(/screenshots\/([\w-]+\.png)/g)].map((match) => match[1])));

const lacking = [...shown].filter((name) => !existsSync(join(taken, name)));
for (const name of shown) if (!lacking.includes(name)) copyFileSync(join(taken, name), join(folder, name));
for (const name of readdirSync(folder)) if (!shown.has(name)) rmSync(join(folder, name));
console.log(`${shown.size - lacking.length} pictures taken anew`);
if (lacking.length > 0) {
  console.log(`no test took ${lacking.join(', ')}`);
  process.exit(1);
}
