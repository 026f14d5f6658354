/** `ringzero kill PID…`: a signal to processes of a server (docs/top.md). */
import type { Command as CommanderCommand } from 'commander';

import { invalid } from '../../kernel/errors.ts';
import { signalNames, type SignalName } from '../../kernel/inputs.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { parseChoice } from '../options.ts';
import { addServerFlag, askServer, problemOf, type ServerFlags } from '../serve/ask-server.ts';

interface KillOptions extends CommonOptions, ServerFlags {
  readonly signal: SignalName;
}

export const killCommand: Command<KillOptions> = {
  name: 'kill',
  summary: 'Send a signal to processes of a server.',
  register(command: CommanderCommand): void {
    command
      .argument('<pid...>', 'as ringzero ps and top show them')
      .option(
        '--signal <signal>',
        'stop: hold it; continue; terminate: it may tidy up; kill: at once',
        (text) => parseChoice('--signal', text, signalNames),
        'terminate',
      );
    addServerFlag(command);
  },
  async run({ operands, options }: Call<KillOptions>, io: Io): Promise<number> {
    const { signal, json } = options;
    const pids = operands.map(pidOf);
    const server = askServer(options, io);
    const told = [];
    let status = 0;
    for (const pid of pids) {
      try {
        told.push(await server.client.signalProcess({ pid, body: { signal } }));
        if (!json) io.out(`process ${pid}: ${signal}`);
      } catch (error) {
        // The others are told all the same.
        io.err(`error: ${problemOf(server.url, error).message}`);
        status = 1;
      }
    }
    if (json) io.out(JSON.stringify({ signalled: told }));
    return status;
  },
};

function pidOf(text: string): number {
  const pid = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(pid) || pid < 1)
    throw invalid('pid', text, 'an integer, 1 or more');
  return pid;
}
