// Several people on one box, against the real server on the real kernel.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { assertAccessible, assertClean, openPage, shoot } from '../lib/browser.mjs';
import { findBinary, Tracedeck } from '../lib/tracedeck.mjs';

const names = {
  roles: 'accounts: an operator runs, a viewer looks, and each sees who it is',
  follow: 'a colleague is followed: panel, filter and moment, until one of the two goes elsewhere',
  frozen: 'a frozen link keeps what there was, a revoked one closes the page that shows it',
  links: 'a link that is unknown, expired or revoked says which, to whoever opens it',
  tabs: 'two tabs stop the same run: it ends once, and both say so',
  evicted: 'a page that reads nothing is let go, says so and comes back, and others see nothing of it',
  cut: 'a network that is cut for 30 s in mid-run: the page resumes, and nothing is lost',
};

const TICKS = 'interval:ms:100 { @n = count(); printf("tick %d\\n", elapsed / 100000000); }';

export async function team(report, browser, { screenshots }) {
  const { path, reason } = findBinary();
  if (path === null) {
    for (const name of Object.values(names)) report.skip(name, reason);
    return;
  }
  const server = await Tracedeck.start(path);
  const opened = [];
  const open = async (address) => {
    const one = await openPage(browser);
    opened.push(one);
    await one.page.goto(address);
    return one;
  };
  const test = (name, body) =>
    report.test(name, async () => {
      try {
        await body();
        for (const { page, problems } of opened) await assertClean(page, problems);
      } finally {
        for (const { context } of opened.splice(0)) await context.close();
      }
    });
  /** The address that signs a new account in. */
  const account = (name, role) => {
    const printed = execFileSync(path, ['user', 'add', name, '--role', role, '--data-dir', join(server.folder, 'data')], { encoding: 'utf8' });
    return `${server.origin}/#k=${/#k=([\w-]+)/.exec(printed)[1]}`;
  };
  const write = async (page, script) => {
    await page.getByRole('heading', { name: 'What do you want to know?' }).waitFor();
    await page.keyboard.press('w');
    await page.getByRole('textbox', { name: 'Script' }).click();
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText(script);
    await page.keyboard.press('Control+Enter');
    await page.waitForURL(/\/r\//);
    await page.locator('[data-testid="state"].live').waitFor();
  };
  const ended = (page) => page.locator('[data-testid="state"].ended').waitFor();
  const share = async (page, frozen) => {
    await page.getByRole('button', { name: 'Share' }).click();
    if (frozen) await page.getByLabel('Frozen: a copy of what there is now').check();
    await page.getByRole('button', { name: /^Create/ }).click();
    await page.getByLabel('Read-only link').waitFor();
    return page.getByLabel('Read-only link').inputValue();
  };

  await test(names.roles, async () => {
    const { page } = await open(account('ada', 'operator'));
    await page.getByTestId('me').filter({ hasText: 'ada · operator' }).waitFor();
    await write(page, TICKS);
    const { page: looking } = await open(account('vera', 'viewer'));
    await looking.getByTestId('me').filter({ hasText: 'vera · viewer' }).waitFor();
    await looking.goto(page.url());
    await looking.getByText(/^tick \d+/).first().waitFor();
    assert.equal(await looking.getByRole('button', { name: /Stop|Run again|Restart|Share/ }).count(), 0);
    await page.locator('[data-testid="watchers"][title="ada, vera"]').waitFor();
    // To look at two runs beside each other changes nothing.
    await looking.getByRole('link', { name: 'Compare', exact: true }).click();
    await looking.getByText('There is no other run yet').waitFor();
    await looking.getByRole('link', { name: 'Back to the run' }).click();
    await looking.getByText(/^tick \d+/).first().waitFor();
    const { page: other } = await open(account('bob', 'operator'));
    await other.getByTestId('me').waitFor();
    await other.goto(page.url());
    await other.locator('[data-testid="state"].live').waitFor();
    assert.equal(await other.getByRole('button', { name: 'Stop' }).isDisabled(), true, 'an operator may stop the run of another');
    await page.getByRole('button', { name: 'Stop' }).click();
    await ended(looking);
  });

  await test(names.follow, async () => {
    const { page: ada } = await open(account('ada', 'operator'));
    await ada.getByTestId('me').waitFor();
    await write(ada, 'interval:ms:100 { @n = count(); @calls[comm, cpu] = count(); printf("tick %d\\n", elapsed / 100000000); }');
    const { page: vera } = await open(account('vera', 'viewer'));
    await vera.getByTestId('me').waitFor();
    await vera.goto(ada.url());
    await vera.locator('[data-testid="state"].live').waitFor();
    const watchers = vera.getByTestId('watchers');
    await watchers.filter({ hasText: '2 watching' }).click();
    await vera.getByText('vera you').waitFor();
    assert.equal(await vera.getByRole('button', { name: 'Follow vera' }).count(), 0, 'one cannot follow oneself');
    await vera.getByRole('button', { name: 'Follow ada' }).waitFor();
    await assertAccessible(vera, 'watchers');
    await shoot(vera, screenshots, 'watchers');
    await vera.getByRole('button', { name: 'Follow ada' }).click();
    await watchers.filter({ hasText: 'Following ada' }).waitFor();
    // Panel by panel, and what is typed there.
    const both = async (ready) => {
      await ready(ada);
      await ready(vera);
      await vera.waitForFunction((wanted) => location.search === wanted, new URL(ada.url()).search);
    };
    await ada.getByRole('tab', { name: '@calls' }).click();
    await both((page) => page.getByRole('tab', { name: '@calls', selected: true }).waitFor());
    await ada.getByPlaceholder('Filter rows').fill('swap');
    await both((page) => page.waitForFunction(() => [...document.querySelectorAll('input')].some((one) => one.value === 'swap')));
    await ada.getByRole('slider', { name: /Time of the run/ }).press('ArrowLeft');
    await both((page) => page.getByTestId('range').filter({ hasText: /^At / }).waitFor());
    await shoot(vera, screenshots, 'following');
    // Her own way.
    await vera.getByRole('tab', { name: 'Log' }).click();
    await vera.getByText('No longer following ada: this page went its own way').waitFor();
    await watchers.filter({ hasText: '2 watching' }).waitFor();
    const stays = new URL(vera.url()).search;
    await ada.getByRole('tab', { name: '@n' }).click();
    await vera.waitForTimeout(1500);
    assert.equal(new URL(vera.url()).search, stays, 'a page that went its own way is still taken along');
    // Whoever is followed leaves: the page stays where it is.
    await watchers.click();
    await vera.getByRole('button', { name: 'Follow ada' }).click();
    await vera.getByRole('tab', { name: '@n', selected: true }).waitFor();
    await ada.getByRole('button', { name: 'Stop' }).click();
    await ended(ada);
    await ada.keyboard.press('h');
    await vera.getByText('ada has left this run').waitFor();
    await vera.getByRole('tab', { name: '@n', selected: true }).waitFor();
    await watchers.filter({ hasText: '1 watching' }).click();
    await vera.getByText('Nobody else is here').waitFor();
  });

  await test(names.frozen, async () => {
    const { page } = await open(await server.signInUrl());
    await write(page, TICKS);
    await page.getByText(/^tick \d+/).nth(3).waitFor();
    const link = await share(page, true);
    const { page: guest } = await open(link);
    await guest.getByText(/^tick \d+/).first().waitFor();
    await guest.getByTestId('me').filter({ hasText: 'Read-only' }).waitFor();
    const count = () => guest.evaluate(() => document.querySelectorAll('.row').length);
    const before = await count();
    await page.getByRole('button', { name: /^Close/ }).click();
    await page.waitForTimeout(1000);
    await guest.reload();
    await guest.getByText(/^tick \d+/).first().waitFor();
    assert.equal(await count(), before, 'new data changed the copy');
    await assertAccessible(guest, 'frozen');
    await shoot(guest, screenshots, 'frozen');
    await page.getByRole('button', { name: 'Share' }).click();
    await page.getByRole('button', { name: /^Revoke/ }).click();
    await guest.getByRole('heading', { name: 'This link does not open' }).waitFor();
    await guest.getByText('This link was revoked').waitFor();
    await page.getByRole('button', { name: /^Close/ }).click();
    await page.getByRole('button', { name: 'Stop' }).click();
    await ended(page);
  });

  await test(names.links, async () => {
    const { page } = await open(await server.signInUrl());
    await write(page, TICKS);
    const refused = async (address, words, name) => {
      const { page: guest } = await open(address);
      await guest.getByRole('heading', { name: 'This link does not open' }).waitFor();
      await guest.getByText(words).waitFor();
      assert.equal(await guest.getByText(/^tick \d+/).count(), 0, 'what was recorded is still shown');
      await assertAccessible(guest, name);
      await shoot(guest, screenshots, name);
    };
    await refused(`${page.url()}#v=unknown`, 'This link is not known here', 'link-unknown');
    // A day is the shortest that the dialog offers; the server takes a second.
    await page.route('**/shares', (route) => (route.request().method() === 'POST' ? route.continue({ postData: JSON.stringify({ ...route.request().postDataJSON(), expires_in_seconds: 1 }) }) : route.continue()));
    await refused(await share(page, false), 'This link has expired', 'link-expired');
    await page.unroute('**/shares');
    await page.getByRole('button', { name: /^Close/ }).click();
    const link = await share(page, false);
    await page.getByRole('button', { name: /^Revoke/ }).first().click();
    await refused(link, 'This link was revoked', 'link-revoked');
    await page.getByRole('button', { name: /^Close/ }).click();
    await page.getByRole('button', { name: 'Stop' }).click();
    await ended(page);
  });

  await test(names.tabs, async () => {
    const { page, context } = await open(await server.signInUrl());
    await write(page, TICKS);
    const second = await context.newPage();
    // The first tab, whose session the second shares, is busy and answers late.
    const busy = page.evaluate(() => { for (const until = Date.now() + 1500; Date.now() < until; ); });
    await second.goto(page.url());
    await busy;
    await second.locator('[data-testid="state"].live').waitFor();
    await Promise.all([page, second].map((tab) => tab.getByRole('button', { name: 'Stop' }).evaluate((button) => button.click())));
    for (const tab of [page, second]) {
      await ended(tab);
      await tab.getByText('Stopped by a person').first().waitFor();
      assert.equal(await tab.getByRole('alert').count(), 0, 'the second press is an error');
    }
  });

  await test(names.evicted, async () => {
    const { page } = await open(await server.signInUrl());
    await write(page, `interval:ms:5 { for ($i : 0..20) { printf("line %d ${'x'.repeat(180)}\\n", ++@n); } }`);
    await page.getByText(/^line \d+/).first().waitFor();
    const link = await share(page, false);
    await page.getByRole('button', { name: /^Close/ }).click();
    const { page: other, context } = await open(link);
    await other.getByText(/^line \d+/).first().waitFor();
    await page.getByText('2 watching').waitFor();
    // The script of the page stands still, as with a breakpoint: it reads no message.
    const debugging = await context.newCDPSession(other);
    await debugging.send('Debugger.enable');
    await debugging.send('Debugger.pause');
    await page.getByText('1 watching').waitFor({ timeout: 120_000 });
    await debugging.send('Debugger.resume');
    await debugging.send('Debugger.disable');
    await other.getByTestId('evicted').waitFor();
    const last = (one) => one.evaluate(() => Number(/line (\d+)/.exec([...document.querySelectorAll('.row')].at(-1)?.textContent ?? '')?.[1]));
    const before = await last(page);
    assert.ok((await last(other)) < before, 'it goes on');
    await other.getByTestId('evicted').getByRole('button', { name: 'Watch again' }).click();
    await other.waitForFunction((goal) => Number(/line (\d+)/.exec([...document.querySelectorAll('.row')].at(-1)?.textContent ?? '')?.[1]) >= goal, before);
    await page.getByText('2 watching').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await ended(page);
  });

  await test(names.cut, async () => {
    const { page, context } = await open(await server.signInUrl());
    const sockets = [];
    let cut = false;
    await context.routeWebSocket('**/ws', (socket) => {
      if (cut) return void socket.close();
      sockets.push(socket);
      socket.connectToServer();
    });
    await write(page, TICKS);
    await page.getByText(/^tick \d+/).nth(3).waitFor();
    cut = true;
    await context.setOffline(true);
    for (const socket of sockets.splice(0)) await socket.close();
    await page.getByTestId('connection').waitFor();
    await shoot(page, screenshots, 'cut');
    await page.waitForTimeout(30_000);
    cut = false;
    await context.setOffline(false);
    await page.getByTestId('connection').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Stop' }).click();
    await ended(page);
    const secret = await page.evaluate(() => sessionStorage.getItem('tracedeck.secret'));
    const recorded = await page.evaluate(async ([address, secret]) => (await fetch(address, { headers: { Authorization: `Bearer ${secret}` } })).text(), [`/api/runs/${new URL(page.url()).pathname.slice(3)}/output.txt`, secret]);
    const lines = recorded.split('\n').filter((line) => line.startsWith('tick')).length;
    assert.ok(lines > 300, `only ${lines} lines in more than 30 s`);
    await page.getByText(new RegExp(`${lines.toLocaleString('en')} lines`)).first().waitFor();
    assert.match(await page.getByTestId('lost').textContent(), /^0 lost$/);
  });

  await server.stop();
}
