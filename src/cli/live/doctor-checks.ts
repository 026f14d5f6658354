/** What live agents need of this machine and its settings, looked at one by one. */
import { accessSync, constants } from 'node:fs';

import { loadTokenizer } from '../../adapters/models/tokenizer.ts';
import { McpServerLink, type McpServer } from '../../adapters/tools/mcp-server-link.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Io } from '../command.ts';
import { readConfig } from './config-file.ts';
import { distinctNames, serverOfCommand } from './mcp-servers.ts';
import { modelFindings } from './doctor-models.ts';
import { ModelChoice, modelsNamedBy } from './model-choice.ts';
import type { LiveFlags } from './settings.ts';

export interface Finding {
  readonly check: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly text: string;
  /** What to do about it. */
  readonly advice?: string;
}

export type DoctorFlags = Pick<LiveFlags, 'config' | 'model' | 'modelUrl' | 'mcp'> & {
  readonly timeoutUs: number;
};

/** In the order in which they are told; each is told when it is known. */
export async function* examine(flags: DoctorFlags, io: Io): AsyncGenerator<Finding> {
  yield nodeVersion();
  yield configFile(flags, io);
  yield writeAccess(io.folder);
  yield await tokenizer();
  let choice: ModelChoice;
  let asked: readonly string[];
  let servers: readonly McpServer[];
  try {
    const config = readConfig(io.folder, flags.config, io.environment)?.config ?? {};
    choice = new ModelChoice(flags, config, io);
    asked = modelsNamedBy({ ...config.agent, models: choice.chain, routes: choice.routes });
    servers = distinctNames(
      flags.mcp.length > 0 ? flags.mcp.map((text) => serverOfCommand('--mcp', text)) : (config.mcp ?? []),
    );
  } catch (error) {
    // The settings say nothing that could be looked at; the file has been told of above.
    if (flags.mcp.length > 0) yield { check: 'mcp', status: 'fail', text: messageOf(error) };
    return;
  }
  yield* modelFindings(choice, asked, flags.timeoutUs);
  yield* (await Promise.all(servers.map(mcpServer))).values();
}

/** Of package.json. */
const oldestNode = 20;

function nodeVersion(): Finding {
  const { node } = process.versions;
  return Number(node.split('.')[0]) >= oldestNode
    ? { check: 'node', status: 'ok', text: node }
    : { check: 'node', status: 'fail', text: node, advice: `install Node ${oldestNode} or newer` };
}

function configFile({ config }: DoctorFlags, { folder, environment }: Io): Finding {
  try {
    const found = readConfig(folder, config, environment);
    return {
      check: 'config',
      status: 'ok',
      text: found === undefined ? 'no ringzero.json here' : found.name,
    };
  } catch (error) {
    return { check: 'config', status: 'fail', text: messageOf(error), advice: 'mend the file' };
  }
}

function writeAccess(folder: string): Finding {
  try {
    accessSync(folder, constants.W_OK);
    return { check: 'folder', status: 'ok', text: 'can be written to' };
  } catch {
    return {
      check: 'folder',
      status: 'warn',
      text: `${folder} can't be written to`,
      advice: 'recordings need another place: --record /elsewhere/FILE',
    };
  }
}

async function tokenizer(): Promise<Finding> {
  try {
    const count = await loadTokenizer();
    return {
      check: 'tokenizer',
      status: 'ok',
      text: `o200k, ${count('The quick brown fox.')} tokens in a sentence of five`,
    };
  } catch (error) {
    return { check: 'tokenizer', status: 'fail', text: messageOf(error), advice: 'install ringzero anew' };
  }
}

async function mcpServer(server: McpServer): Promise<Finding> {
  const check = `mcp ${server.name}`;
  try {
    const link = await McpServerLink.open(server);
    const { tools, refused } = link;
    await link.close();
    const text = `${tools.length} tools: ${tools.map(({ spec }) => spec.name).join(', ')}`;
    if (refused.length === 0) return { check, status: 'ok', text };
    return { check, status: 'warn', text: `${text}; not offered: ${refused.join('; ')}` };
  } catch (error) {
    return {
      check,
      status: 'fail',
      text: messageOf(error),
      advice: 'try the command by itself in a shell',
    };
  }
}
