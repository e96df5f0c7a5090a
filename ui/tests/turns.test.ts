import { describe, expect, it } from 'vitest';
import { NOW, them, us } from '../src/backend/fake/seeds';
import { blocksOf } from '../src/components/thread/turns';
import { leftOf } from '../src/components/thread/limit';
import { initials, tint } from '../src/components/shared/initials';
import { firstUnread, isAnswered } from '../src/state/unread';

const MINUTE = 60_000;

describe('turns', () => {
  it('join what one side said in one go', () => {
    const kinds = blocksOf(
      [
        them(NOW, 'a'),
        them(NOW + MINUTE, 'b'),
        us(NOW + 2 * MINUTE, 'c'),
        them(NOW + 3 * MINUTE, 'd'),
      ],
      undefined,
    ).map((block) => (block.kind === 'turn' ? block.messages.length : block.kind));
    expect(kinds).toEqual(['day', 2, 1, 1]);
  });

  it('keep apart what needs words of its own', () => {
    const failed = { delivery: 'failed' as const };
    const blocks = blocksOf([us(NOW, 'a', failed), us(NOW, 'b', failed), us(NOW, 'c')], undefined);
    expect(blocks.filter((block) => block.kind === 'turn')).toHaveLength(3);
  });

  it('stand under their day, with gaps in their place', () => {
    const kinds = blocksOf(
      [them(NOW - 24 * 60 * MINUTE, 'a'), { kind: 'gap', at: NOW, count: 3 }, them(NOW, 'b')],
      undefined,
    ).map((block) => block.kind);
    expect(kinds).toEqual(['day', 'turn', 'day', 'gap', 'turn']);
  });

  it('keep two gaps of one moment apart', () => {
    const gap = { kind: 'gap' as const, at: NOW };
    const keys = blocksOf(
      [
        { ...gap, count: 3 },
        { ...gap, count: 0 },
      ],
      undefined,
    ).map((block) => block.key);
    expect(new Set(keys).size).toBe(3);
  });

  it('have a line before what was unread', () => {
    const items = [them(NOW, 'a'), us(NOW, 'b'), them(NOW, 'c'), them(NOW, 'd')];
    const first = firstUnread(items, 2);
    expect(first).toBe(items[2]?.kind === 'message' ? items[2].message.id : '');
    expect(blocksOf(items, first).some((block) => block.kind === 'new')).toBe(true);
    expect(firstUnread(items, 0)).toBeUndefined();
    // What came before the shop's own words was answered by them.
    expect(firstUnread(items, 3)).toBe(first);
    expect(firstUnread([...items, us(NOW, 'e')], 2)).toBeUndefined();
    // An answer that failed is none.
    const failed = us(NOW, 'e');
    if (failed.kind === 'message') failed.message.delivery = 'failed';
    expect(firstUnread([...items, failed], 2)).toBe(first);
    expect(isAnswered([...items, failed], first ?? '')).toBe(false);
    expect(isAnswered([...items, us(NOW, 'f')], first ?? '')).toBe(true);
  });
});

describe('small things', () => {
  it('count what is left in characters, whatever the channel counts', () => {
    const instagram = { most: 1_000, bytes: true };
    expect(leftOf('', instagram)).toBe(1_000);
    expect(leftOf('a'.repeat(990), instagram)).toBe(10);
    expect(leftOf('é'.repeat(490), instagram)).toBe(10);
    expect(leftOf('ح'.repeat(500), instagram)).toBe(0);
    expect(leftOf('ح'.repeat(510), instagram)).toBe(-10);
    expect(leftOf('👍🏿'.repeat(126), instagram)).toBe(-1);
    const messenger = { most: 1_999, bytes: false };
    expect(leftOf('👍🏿'.repeat(499), messenger)).toBe(0);
    expect(leftOf('👍🏿'.repeat(500), messenger)).toBe(-1);
    expect(leftOf(`${'a'.repeat(1_999)}👨‍👩‍👧`, messenger)).toBe(-1);
  });

  it('make initials of names in any script, and none of numbers', () => {
    expect(initials('Clara Whitfield')).toBe('CW');
    expect(initials('ليلى حدّاد')).toBe('ل');
    expect(initials('田中 美咲')).toBe('田');
    expect(initials('+44 7700 900456')).toBe('');
    expect(initials('  ')).toBe('');
    expect(tint('Clara')).toBe(tint('Clara'));
  });
});
