// One line per test, and the sum at the end.

export class Skip extends Error {}

export class Report {
  passed = 0;
  failed = 0;
  skipped = 0;

  /** Runs only tests whose names contain `match`, if it is given. */
  constructor(match = null) {
    this.match = match;
  }

  async test(name, body) {
    if (this.match !== null && !name.includes(this.match)) return;
    try {
      await body();
      this.passed += 1;
      console.log(`ok ${name}`);
    } catch (error) {
      if (error instanceof Skip) {
        this.skip(name, error.message);
        return;
      }
      this.failed += 1;
      console.log(`not ok ${name}`);
      console.log(String(error?.stack ?? error).split('\n').slice(0, 24).map((line) => `  # ${line}`).join('\n'));
    }
  }

  skip(name, reason) {
    this.skipped += 1;
    console.log(`skipped: ${name}: ${reason}`);
  }

  end() {
    console.log(`${this.passed} passed, ${this.failed} failed, ${this.skipped} skipped`);
    return this.failed === 0;
  }
}
