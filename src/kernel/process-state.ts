import { assert, unreachable } from '../base/assert.ts';

/** The five states of a process (design, section 4). */
export type StateName = 'ready' | 'running' | 'waiting' | 'suspended' | 'terminated';

/** Why a process waits: an open union; adapters and later parts may name further reasons. */
export type WaitReason =
  | 'tool'
  | 'person'
  | 'message'
  | 'child'
  | 'budget'
  | 'memory'
  | 'storage'
  | 'timer'
  | 'lock'
  | (string & {});

export type Outcome = 'completed' | 'failed' | 'cancelled' | 'killed';

/** What can happen to a process. */
export type Transition = 'dispatch' | 'preempt' | 'wait' | 'wake' | 'suspend' | 'continue' | 'terminate';

/**
 * The only place a process changes state; pure. The caller stores the result and emits the event. `running --wake--> ready` is the end of a
 * model call: the program goes on at once and asks for what comes next. A switch, because it runs three times for each dispatch.
 */
export function transition(from: StateName, happening: Transition): StateName {
  switch (happening) {
    case 'dispatch':
      return from === 'ready' ? 'running' : illegal(from, happening);
    case 'preempt':
      return from === 'running' ? 'ready' : illegal(from, happening);
    case 'wait':
      return from === 'ready' || from === 'running' || from === 'waiting'
        ? 'waiting'
        : illegal(from, happening);
    case 'wake':
      return from === 'waiting' || from === 'running' ? 'ready' : illegal(from, happening);
    case 'suspend':
      return from === 'ready' || from === 'running' || from === 'waiting'
        ? 'suspended'
        : illegal(from, happening);
    case 'continue':
      return from === 'suspended' ? 'ready' : illegal(from, happening);
    case 'terminate':
      return from === 'terminated' ? illegal(from, happening) : 'terminated';
    default:
      return unreachable(happening);
  }
}

function illegal(from: StateName, happening: Transition): never {
  assert(false, `illegal transition: ${happening} while ${from}`);
}
