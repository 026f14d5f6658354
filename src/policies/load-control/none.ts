/** No load control: every call starts when its pages fit, and a memory that is too small thrashes. */
import type { CreateLoadControlPolicy } from '../../kernel/contracts.ts';

export const none: CreateLoadControlPolicy = () => ({
  name: 'none',
  mayStart: () => true,
  toSuspend: () => undefined,
  recheckUs: () => Infinity,
  save: () => null,
  load: () => undefined,
});
