import { expect, it } from 'vitest';
import { shortLines } from '../src/i18n/receipt';

const text = [
  'shopbell.app/wipe-notice/v1',
  'deletion bf3ceed819f241006bb3efe6ec5bcb45',
  'code 7Q4M-2K9T-HX31-B0WE',
  'device 83e4b1ea',
  '',
  '— device/83e4 DMk7hvIwaofRnoabu8TMsv=',
  '',
  'deletion bf3ceed819f241006bb3efe6ec5bcb45',
  '— wipe/bf3c z3QFvKM33PATOwQFvlZm=',
  '— relay/3e2c Zt07qmA4kR2vN8pLw3yX=',
];

it('a receipt is told from another by a few lines, each of them once', () => {
  expect(shortLines(text.join('\n'))).toEqual([
    { kind: 'deletion', value: 'bf3c eed8 … cb45' },
    { kind: 'code', value: '7Q4M-2K9T-HX31-B0WE' },
    { kind: 'device', value: 'ed25519 DMk7…Msv=' },
    { kind: 'wipe', value: 'ed25519 z3QF…lZm=' },
    { kind: 'relay', value: 'ed25519 Zt07…3yX=' },
  ]);
});

it('what the text does not say is not shown', () => {
  const open = text.filter((line) => !/relay|code/.test(line));
  expect(shortLines([...open, 'code none'].join('\n')).map(({ kind }) => kind)).toEqual([
    'deletion',
    'device',
    'wipe',
  ]);
  expect(shortLines('')).toEqual([]);
});
