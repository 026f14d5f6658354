/** Random worlds in which processes change their engines: one queue or stealing, any affinity, engines that differ little or much, switches that cost something. */
import { rngFor } from '../../src/base/rng.ts';
import type { EngineOptions } from '../../src/kernel/engine-options.ts';
import type { Engine } from '../../src/kernel/engine.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { Process } from '../../src/kernel/process.ts';
import type { Program, ProgramBody, ProgramGenerator, SyscallResult } from '../../src/kernel/syscalls.ts';
import { loadControlPolicies, schedulingPolicies } from '../../src/policies/index.ts';
import { Draw } from './random-draw.ts';
import type { WorldSetup } from './random-world.ts';

/** `alter` of runWorld. */
export function migrating(seed: number): (setup: WorldSetup) => WorldSetup {
  return (setup) => {
    const draw = new Draw(rngFor(seed, 'world/moves'));
    const { engines = [] } = setup.kernel;
    const first = engines[0] as EngineOptions;
    const count = draw.between(2, 3);
    const isUniform = draw.chance(0.7);
    const longest = setup.sliceUs < 1_000 ? 100 : 1_000_000;
    const drawn = Array.from({ length: count }, (_, index): EngineOptions => {
      const base = isUniform ? first : ((engines[index] ?? first) as EngineOptions);
      const cores = draw.chance(0.8) ? 1 : base.cores;
      const memoryTokens = draw.chance(0.3) ? base.memoryTokens : base.memoryTokens + 2_000;
      return {
        ...base,
        name: `engine-${index}`,
        cores,
        memoryTokens,
        switchUs: draw.chance(0.5) ? 0 : draw.between(1, longest),
      };
    });
    const isOne = draw.chance(0.5);
    const own = draw.chance(0.5);
    return {
      ...setup,
      moreRoots: draw.between(0, 6),
      kernel: {
        ...setup.kernel,
        engines: drawn,
        ...(isOne ? { queues: 'one' } : { steal: true }),
        affinity: draw.of([0, 0.5, 1, 10]),
        ...(draw.chance(0.2) ? { loadControl: draw.of(Object.values(loadControlPolicies)) } : {}),
        ...(own ? {} : { scheduling: draw.of(Object.values(schedulingPolicies)) }),
      },
      // Of the others not all have one slice for every process.
      sliceUs: own ? setup.sliceUs : Infinity,
    };
  };
}

/** `alter` of runWorld: many calls name the engine on which they are to run, whatever the queues are; memory may be without end. */
export function naming(seed: number): (setup: WorldSetup) => WorldSetup {
  return (setup) => {
    const draw = new Draw(rngFor(seed, 'world/names'));
    const { kernel, ...rest } = migrating(seed)(setup);
    const { queues: _, steal: _no, affinity: _none, ...apart } = kernel;
    const isApart = draw.chance(0.6);
    const isEndless = draw.chance(0.3);
    const engines = (kernel.engines ?? []).map((engine) => ({
      ...engine,
      ...(isEndless ? { memoryTokens: Infinity } : {}),
    }));
    const programs = (kernel.programs ?? []).map((program) =>
      program.name === 'random' ? namingEngines(program) : program,
    );
    return { ...rest, kernel: { ...(isApart ? apart : kernel), engines, programs } };
  };
}

/** The same program, but a third of its calls names the first engine, and a third the second: which, follows from the call, so that it is the same after a crash. */
function namingEngines({ name, version, body }: Program): Program {
  function* named(...given: Parameters<ProgramBody>): ProgramGenerator {
    const own = body(...given);
    let result: SyscallResult<unknown> | undefined;
    try {
      for (;;) {
        const step = result === undefined ? own.next() : own.next(result);
        if (step.done === true) return step.value;
        const syscall = step.value;
        const third = syscall.kind === 'think' ? syscall.maxOutput % 3 : 0;
        const isNamed = syscall.kind === 'think' && (third === 1 || third === 2);
        result = yield isNamed ? { ...syscall, request: { model: `engine-${third - 1}` } } : syscall;
      }
    } finally {
      own.return();
    }
  }
  return { name, version, body: named };
}

/** Throws when a core idles while somebody stands ready who may start on it: but for who waits for its own engine, and whom load control keeps out. Changes nothing. */
export function checkWorkConserved(kernel: Kernel): void {
  const { engines, processes, nowUs } = kernel['state'];
  const scheduler = kernel['scheduler'];
  const migration = scheduler['migration'];

  function mayCome(process: Process, engine: Engine): boolean {
    const leavesUs = process.leavesUs === -1 ? migration['leavesUs'](process) : process.leavesUs;
    return leavesUs <= nowUs && migration.suits(process, engine) && migration.fits(process, engine);
  }

  const queued = processes.filter((process): process is Process => process?.queued === true);
  for (const engine of engines) {
    if (!scheduler.isOpen(engine) || engine.loadControl !== undefined) continue;
    const own = queued.find((process) => process.engine === engine);
    if (own !== undefined)
      throw new Error(`engine ${engine.index} idles while its process ${own.pid} stands ready`);
    if (engine.memoryWaiters.size > 0) continue;
    const other = queued.find((process) => mayCome(process, engine));
    if (other !== undefined)
      throw new Error(`engine ${engine.index} idles while process ${other.pid} stands ready and may come`);
  }
}
