/** Programs that only these worlds have. */
import type { Json, Pid } from '../../src/kernel/ids.ts';
import type { ChildEnd, Program, Spawn, Syscall, SyscallResult } from '../../src/kernel/syscalls.ts';
import type { AgentPlan } from './scenario.ts';

/** Starts agents and waits for all of them. Its value is how each of them ended, in the order in which they were started. */
export const crew: Program = {
  name: 'crew',
  version: 1,
  *body(sys) {
    const { agents } = sys.args as unknown as { readonly agents: readonly AgentPlan[] };
    const pids: (Pid | string)[] = [];
    for (const { name, program, arguments: args, priority, budget } of agents) {
      const spawn: Spawn = {
        kind: 'spawn',
        program,
        arguments: args,
        name,
        ...(priority === undefined ? {} : { priority }),
        ...(budget === undefined ? {} : { budget }),
      };
      const spawned = (yield spawn) as SyscallResult<Pid>;
      pids.push(spawned.ok ? spawned.value : spawned.code);
    }
    const ends = new Map<Pid, ChildEnd>();
    while (ends.size < pids.filter((pid) => typeof pid === 'number').length) {
      const ended = (yield { kind: 'wait', pid: 0 }) as SyscallResult<ChildEnd>;
      if (!ended.ok) break;
      ends.set(ended.value.pid, ended.value);
    }
    return pids.map((pid, index): Json => {
      const end = typeof pid === 'number' ? ends.get(pid) : undefined;
      return { name: agents[index]!.name, outcome: end?.outcome ?? pid, value: end?.value ?? null };
    });
  },
};

/** Syscalls in turn, as they are written down, with a checkpoint wherever one stands. Its value is what they returned. */
export const diary: Program = {
  name: 'diary',
  version: 1,
  *body(sys, state) {
    const { syscalls } = sys.args as unknown as { readonly syscalls: readonly Syscall[] };
    const place = (state ?? { next: 0, results: [] }) as { readonly next: number; readonly results: Json[] };
    const results = [...place.results];
    for (let next = place.next; next < syscalls.length; next++) {
      const syscall = syscalls[next]!;
      if (syscall.kind === 'checkpoint') {
        yield { kind: 'checkpoint', state: { next: next + 1, results: [...results] } };
        continue;
      }
      const result = yield syscall;
      // What depends on when it happens says nothing.
      const isTimed = syscall.kind === 'recall' || syscall.kind === 'spawn';
      results.push(result.ok ? (isTimed ? null : ((result.value ?? null) as Json)) : result.code);
    }
    return results;
  },
};
