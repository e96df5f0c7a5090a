// What each file of page tests has from its first test to its last: the served window and a browser.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { serve, type Served } from './serve';
import { browser } from './window';

export interface Stage {
  readonly at: Browser;
  readonly url: string;
}

/** There once the tests begin. */
export function stage(): Stage {
  let served: Served;
  let at: Browser;
  beforeAll(async () => {
    served = await serve();
    at = await browser();
  });
  afterAll(async () => {
    await at.close();
    await served.close();
  });
  return {
    get at() {
      return at;
    },
    get url() {
      return served.url;
    },
  };
}
