/** `--mcp COMMAND`: a server of the Model Context Protocol, by the command that starts it or by its URL. */
import type { McpServer } from '../../adapters/tools/mcp-server-link.ts';
import { invalid } from '../../kernel/errors.ts';

/** `field`: where it was named. Throws KernelError INVALID_ARGUMENT. */
export function serverOfCommand(field: string, text: string): McpServer {
  if (/^https?:\/\//.test(text)) {
    if (!URL.canParse(text)) throw invalid(field, text, 'a command, or a URL');
    return { name: new URL(text).host, url: text };
  }
  const words = wordsOf(text);
  const [command, ...args] = words ?? [];
  if (command === undefined) throw invalid(field, text, 'a command, in which quotes are closed, or a URL');
  return { name: nameOf(words!), command, args };
}

/** Servers of one name are numbered. */
export function distinctNames(servers: readonly McpServer[]): McpServer[] {
  const taken = new Set<string>();
  return servers.map((server) => {
    let { name } = server;
    for (let number = 2; taken.has(name); number++) name = `${server.name}-${number}`;
    taken.add(name);
    return { ...server, name };
  });
}

/** As a shell splits a line: at spaces, but not within quotes. Undefined: a quote is not closed. */
function wordsOf(text: string): string[] | undefined {
  const words: string[] = [];
  const rest = text.replaceAll(/\s*((?:[^\s"']|"[^"]*"|'[^']*')+)/g, (_, word: string) => {
    words.push(
      word.replaceAll(
        /"([^"]*)"|'([^']*)'/g,
        (_quoted, double?: string, single?: string) => double ?? single ?? '',
      ),
    );
    return '';
  });
  return rest.trim() === '' ? words : undefined;
}

/** What only starts another program. */
const runners = new Set(['npx', 'node', 'uvx', 'uv', 'run', 'bunx', 'python', 'python3', 'exec', 'docker']);

/** What the server is called in messages: its package or file, without scope, version and ending. */
function nameOf(words: readonly string[]): string {
  const plain = words.map((word) =>
    (word.split(/[\\/]/).at(-1) ?? '').replace(/(?<=.)@[^@]*$|\.(m?js|ts|py)$/, ''),
  );
  const named = plain.find((word) => word !== '' && !word.startsWith('-') && !runners.has(word));
  return (named ?? plain[0] ?? 'mcp').replaceAll(/[^\w.-]/g, '_');
}
