// A person who is signed in to a real server, with what journeys do over and over.
import { assertClean, openPage } from './browser.mjs';

/** Opens an address as an operator, does something there, and holds that the page stayed within its policy. */
export function operatorOf(browser, server) {
  return async (path, body, options) => {
    const opened = await openPage(browser, options);
    try {
      await opened.page.goto(await server.signInUrl(path));
      await body(opened.page, opened);
      await assertClean(opened.page, opened.problems);
    } catch (error) {
      // What went wrong in the page is more often the cause than what was waited for.
      if (opened.problems.length > 0) error.stack = `${opened.problems.join('\n')}\n${error.stack}`;
      throw error;
    } finally {
      await opened.context.close();
    }
  };
}

export const live = (page) => page.locator('[data-testid="state"].live').waitFor();

export const ended = (page) => page.locator('[data-testid="state"].ended').waitFor();

export async function stop(page) {
  await page.getByRole('button', { name: 'Stop' }).click();
  await ended(page);
}
