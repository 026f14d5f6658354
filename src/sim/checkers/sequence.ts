import { checkOf, type Check, type Checker } from './checker.ts';

/** Sequence numbers count from 1 without gaps; times are integers that never fall. */
export function sequence(): Checker {
  const check: Check = checkOf('sequence');
  let seq = 0;
  let atUs = 0;
  return {
    name: 'sequence',
    promise:
      'Events are stamped and complete: numbered from 1 without gaps, in the order of their integer times.',
    on: {},
    every(event) {
      check(event.seq === seq + 1, event, () => `number ${event.seq} after ${seq}`);
      check(Number.isSafeInteger(event.atUs), event, () => `time ${event.atUs} is not an integer`);
      check(event.atUs >= atUs, event, () => `time ${event.atUs} after ${atUs}`);
      seq = event.seq;
      atUs = event.atUs;
    },
  };
}
