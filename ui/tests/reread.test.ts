import { expect, it } from 'vitest';
import { Reread } from '../src/state/reread';

it('reads once more for all the news that came during a read, and never twice at once', async () => {
  let running = 0;
  let most = 0;
  let reads = 0;
  const gates: (() => void)[] = [];
  const reread = new Reread(async () => {
    running += 1;
    most = Math.max(most, running);
    reads += 1;
    await new Promise<void>((go) => gates.push(go));
    running -= 1;
  });
  const first = reread.run();
  void reread.run();
  void reread.run();
  gates.shift()?.();
  await Promise.resolve();
  await Promise.resolve();
  gates.shift()?.();
  await first;
  expect(reads).toBe(2);
  expect(most).toBe(1);
});
