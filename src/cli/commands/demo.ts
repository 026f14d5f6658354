/** `ringzero demo`: what examples/kernel.ts shows, and with `--svg` the same as a picture (docs/demo.svg). */
import type { Command as CommanderCommand } from 'commander';

import type { KernelEvent } from '../../kernel/events.ts';
import { timelineSvg } from '../../report/timeline-svg.ts';
import { demoBudgets, demoEngines, runDemo } from '../../sim/demo.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { checkOutputs, LineFile } from '../line-file.ts';
import { packageVersion } from '../package-version.ts';
import { addRunFileFlags, openRunFiles, runFileOutputs, type RunFileFlags } from '../run-files.ts';

interface DemoOptions extends CommonOptions, RunFileFlags {
  readonly svg?: string;
}

export const demoCommand: Command<DemoOptions> = {
  name: 'demo',
  summary: 'Watch a kernel schedule, page, meter, checkpoint and audit three agents.',
  register(command: CommanderCommand): void {
    command.option('--svg <file>', 'also draw the run as a timeline into this file');
    addRunFileFlags(command);
    command.addHelpText('after', '\nThe story has no chance in it: with another --seed it is the same.');
  },
  run({ options }: Call<DemoOptions>, io: Io): number {
    const { svg, seed } = options;
    checkOutputs({ '--svg': svg, ...runFileOutputs(options) }, []);
    const ringzero = packageVersion();
    const files = openRunFiles(
      options,
      { engines: demoEngines, budgets: demoBudgets },
      { ringzero, seed, repeat: `ringzero demo --seed ${seed}` },
    );
    const lines: string[] = [];
    const events: KernelEvent[] = [];
    const { processes, audit, endUs } = runDemo({
      seed,
      print: (line) => lines.push(line),
      onEvent(event) {
        events.push(event);
        files.onEvent(event);
      },
    });
    files.close(endUs);
    if (svg !== undefined) {
      const file = new LineFile('--svg', svg);
      file.write(demoSvg(events));
      file.close();
    }
    if (options.json)
      io.out(
        JSON.stringify(
          {
            command: 'demo',
            ringzero,
            seed,
            lines,
            processes,
            audit,
            ...(svg === undefined ? {} : { svg }),
            events,
          },
          null,
          1,
        ),
      );
    else for (const line of lines) io.out(line);
    return 0;
  },
};

function demoSvg(events: readonly KernelEvent[]): string {
  return timelineSvg(events, {
    title: 'Ring Zero: three agents on one core, through a crash (virtual time)',
    engines: demoEngines,
  });
}
