/** Flags for several engines: how many, who stands ready where, and what changing the process on a core costs. */
import type { Command as CommanderCommand } from 'commander';

import type { EngineOptions } from '../kernel/engine-options.ts';
import { invalid } from '../kernel/errors.ts';
import type { QueueRule } from '../kernel/options.ts';
import { namedEngines, type SimulationSpec } from '../sim/spec.ts';
import { parseDurationUs, parseInteger, parseNumber } from './options.ts';
import { choice } from './run-flags.ts';

export interface EngineFlags {
  readonly engines: number;
  readonly queues: QueueRule;
  readonly steal: boolean;
  readonly affinity?: number;
  readonly switchCost?: number;
}

export function addEngineFlags(command: CommanderCommand): void {
  command
    .option(
      '--engines <n>',
      'so many engines, each with these cores and this memory',
      (text) => parseInteger('--engines', text, { min: 1, max: 1_000 }),
      1,
    )
    .option(
      '--queues <rule>',
      'who stands ready waits at the engine that it was placed on (per-engine) or for any (one)',
      choice('--queues', ['per-engine', 'one']),
      'per-engine',
    )
    .option(
      '--steal',
      'an engine with an idle core and an empty queue takes who stands ready elsewhere',
      false,
    )
    .option(
      '--affinity <factor>',
      'a process waits for the engine that has its context for so many times what it saves (default: 1)',
      (text) => parseNumber('--affinity', text, { min: 0, max: 1_000_000 }),
    )
    .option(
      '--switch-cost <time>',
      'of running another process on a core than the last one, such as 5ms (default: none)',
      (text) => parseDurationUs('--switch-cost', text),
    );
}

/** As many of `engine` as are asked for, and how processes change between them. Throws KernelError INVALID_ARGUMENT when the flags don't go together. */
export function enginesOf(
  flags: EngineFlags,
  engine: Partial<EngineOptions>,
): Pick<SimulationSpec, 'engines' | 'queues' | 'steal' | 'affinity'> {
  const { engines, queues, steal, affinity, switchCost } = flags;
  if (engines === 1 && queues === 'one')
    throw invalid('--queues', queues, 'per-engine, where there is one engine; several: --engines N');
  if (engines === 1 && steal) throw invalid('--steal', steal, 'several engines to steal from: --engines N');
  if (steal && queues === 'one') throw invalid('--steal', steal, 'queues of their own: --queues per-engine');
  if (affinity !== undefined && queues !== 'one' && !steal)
    throw invalid(
      '--affinity',
      affinity,
      'none, where no process changes its engine: needs --queues one or --steal',
    );
  const own = switchCost === undefined ? engine : { ...engine, switchUs: switchCost };
  return {
    engines: namedEngines(Array.from({ length: engines }, () => own)),
    ...(queues === 'one' ? { queues } : {}),
    ...(steal ? { steal } : {}),
    ...(affinity === undefined ? {} : { affinity }),
  };
}
