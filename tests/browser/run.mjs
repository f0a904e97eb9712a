// The browser tier: journeys in a real Chromium. `node tests/browser/run.mjs [--screenshots DIR] [--only SUITE] [--match TEXT]`
// TRACEDECK names the binary, CHROMIUM the browser.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findChromium, launch } from './lib/browser.mjs';
import { repository } from './lib/modules.mjs';
import { Report } from './lib/report.mjs';
import { exploring } from './suites/exploring.mjs';
import { files } from './suites/files.mjs';
import { forms } from './suites/forms.mjs';
import { hostile } from './suites/hostile.mjs';
import { journeys } from './suites/journeys.mjs';
import { links } from './suites/links.mjs';
import { replay } from './suites/replay.mjs';
import { screens } from './suites/screens.mjs';
import { seconds } from './suites/seconds.mjs';
import { team } from './suites/team.mjs';
import { teamScreens } from './suites/team-screens.mjs';

const argument = (name) => {
  const place = process.argv.indexOf(name);
  return place < 0 ? null : process.argv[place + 1];
};

const report = new Report(argument('--match'));
const options = { screenshots: argument('--screenshots') };
const only = argument('--only');
const suites = { screens, 'team-screens': teamScreens, journeys, exploring, files, forms, hostile, links, replay, seconds, team };

if (!existsSync(join(repository, 'static/dist/index.html'))) {
  console.log('the page is not built: run npm ci && npm run build in frontend/');
  process.exit(1);
}

if (findChromium() === null) {
  for (const name of Object.keys(suites)) report.skip(name, 'there is no Chromium');
  process.exit(report.end() ? 0 : 1);
}
const browser = await launch();
try {
  for (const [name, suite] of Object.entries(suites)) if (only === null || only === name) await suite(report, browser, options);
} finally {
  await browser.close();
}
process.exit(report.end() ? 0 : 1);
