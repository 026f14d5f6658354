/** The tools that live agents are offered: those that are built in, and those of MCP servers. */
import { FileRoot } from '../../adapters/tools/file-root.ts';
import { fileTools } from '../../adapters/tools/file-tools.ts';
import { fetchTool } from '../../adapters/tools/fetch-tool.ts';
import { pureTool, type LiveTool } from '../../adapters/tools/live-tool.ts';
import { McpServerLink, type McpServer } from '../../adapters/tools/mcp-server-link.ts';
import { shellTool } from '../../adapters/tools/shell-tool.ts';
import { timeTool } from '../../adapters/tools/time-tool.ts';
import { responseCacheName } from '../../agents/loop/response-cache.ts';
import { builtInTools } from '../../agents/tools/built-in.ts';
import type { Clock } from '../../host/ports.ts';
import { invalid, KernelError } from '../../kernel/errors.ts';
import type { LiveSettings } from './settings.ts';

/** Their effects need no server to be known. */
export async function ownTools(
  { root, hosts, shell }: LiveSettings,
  clock: Clock,
): Promise<readonly LiveTool[]> {
  return [
    ...builtInTools.map(pureTool),
    timeTool(clock),
    ...(root === undefined ? [] : fileTools(await FileRoot.open(root))),
    ...(hosts.length === 0 ? [] : [fetchTool(hosts)]),
    ...(shell === undefined ? [] : [shellTool((await FileRoot.open(shell)).folder)]),
  ];
}

/** Tools that are there only for who asks for them. */
const unasked = new Set(['search']);
const offBy: Readonly<Record<string, string>> = {
  read_file: '--root',
  write_file: '--root',
  list_files: '--root',
  search_files: '--root',
  fetch: '--allow-host',
  shell: '--shell',
  ask_person: 'a terminal, and not with --approve never',
};

/** Those that agents are offered. `run`: the one that goes on with its tools. Throws KernelError: one of the settings is not there. */
export function chosenTools(
  { tools: names }: LiveSettings,
  all: readonly LiveTool[],
  run: string | undefined,
): readonly LiveTool[] {
  const known = all.map(({ spec }) => spec.name);
  for (const name of names ?? []) {
    if (known.includes(name)) continue;
    if (run !== undefined)
      throw new KernelError(
        'UNKNOWN_TOOL',
        `run ${run}: its tool "${name}" is not there any more; there are ${known.join(', ')}`,
      );
    const flag = Object.hasOwn(offBy, name) ? offBy[name] : undefined;
    throw invalid('--tools', name, flag === undefined ? `${known.join(', ')}, none` : `${name} with ${flag}`);
  }
  return all.filter(({ spec: { name } }) => names?.includes(name) ?? !unasked.has(name));
}

/** Two servers may have tools of one name, and one that of a tool which is there already, the model's or not. */
export function namedApart(tools: readonly LiveTool[]): readonly LiveTool[] {
  const taken = new Set<string>([responseCacheName]);
  return tools.map((tool) => {
    const { server = '', name: own } = tool.spec;
    const longer = `${server.replace(/^mcp:/, '').replaceAll(/[^\w.-]/g, '_')}.${own}`;
    let name = taken.has(own) ? longer.slice(-nameLength) : own;
    for (let number = 2; taken.has(name); number++)
      name = `${longer.slice(-(nameLength - 1 - String(number).length))}-${number}`;
    taken.add(name);
    return { ...tool, spec: { ...tool.spec, name } };
  });
}
/** Characters of a tool's name at most. */
const nameLength = 128;

/** Starts the servers; none is left when one of them does not start. `onNotice`: what happens to them, and which tools of theirs are not offered. */
export async function openLinks(
  servers: readonly McpServer[],
  onNotice: (line: string) => void,
): Promise<readonly McpServerLink[]> {
  const opened = await Promise.allSettled(servers.map((server) => McpServerLink.open(server, { onNotice })));
  const links = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const refused = opened.find((one) => one.status === 'rejected');
  if (refused !== undefined) {
    await Promise.all(links.map((link) => link.close()));
    throw refused.reason;
  }
  for (const link of links) for (const line of link.refused) onNotice(`not offered: ${line}`);
  return links;
}
