/** `ringzero mcp`: Ring Zero as a server of the Model Context Protocol, for programs that want agents run (docs/run.md). */
import type { Command as CommanderCommand } from 'commander';

import { serveTools } from '../../adapters/tools/mcp-tool-server.ts';
import { RankedIndex } from '../../adapters/search/ranked-index.ts';
import { KernelError } from '../../kernel/errors.ts';
import { MemoryStorage } from '../../kernel/memory-storage.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { AgentService } from '../live/agent-service.ts';
import { openLiveWorld } from '../live/live-world.ts';
import { addLiveFlags, liveSettings, type LiveFlags } from '../live/settings.ts';
import { packageVersion } from '../package-version.ts';

type McpOptions = CommonOptions & LiveFlags;

export const mcpCommand: Command<McpOptions> = {
  name: 'mcp',
  summary: 'Serve agents to other programs over the Model Context Protocol.',
  register(command: CommanderCommand): void {
    addLiveFlags(command);
    command.addHelpText('after', after);
  },
  async run({ options }: Call<McpOptions>, io: Io): Promise<number> {
    if (options.json)
      throw new KernelError(
        'INVALID_ARGUMENT',
        '--json: standard output belongs to the protocol; allowed: without it',
      );
    const settings = liveSettings(options, io);
    const service = new AgentService();
    const world = await openLiveWorld(settings, {
      storage: new MemoryStorage(() => new RankedIndex()),
      moreModels: settings.furtherModels,
      seed: options.seed,
      isWatched: false,
      // The client answers with the tool ask.
      asksPerson: settings.approve === 'ask',
      watcher: service,
    });
    const server = await serveTools({
      name: 'ringzero',
      version: packageVersion(),
      tools: service.serve(world, settings.approve),
    });
    let endInterrupts: () => void = () => {};
    const interrupted = new Promise<void>((resolve) => {
      endInterrupts = io.person.onInterrupt(resolve);
    });
    try {
      await Promise.race([server.ended, interrupted]);
    } finally {
      endInterrupts();
      await Promise.all([server.close(), world.close()]);
    }
    return 0;
  },
};

const after = `
It speaks on its standard streams until its client goes; then all agents end. Tools: spawn, list, status, stop, ask.
With --approve ask the questions wait until somebody answers them with the tool ask. Budgets are those of all agents together.`;
