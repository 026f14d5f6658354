/**
 * A server of the Model Context Protocol on its standard streams, written by hand so that it can be as bad as no library lets it be. Its first argument says how:
 * `silent` answers nothing; `noisy` writes what is no message between its messages; `brief` ends soon after each greeting; `deaf` does not end when its input does.
 * The second one is a file to which it adds a line for each start, each cancellation it is told of, and its pid.
 */
import { appendFileSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [mode = '', log = ''] = process.argv.slice(2);
const note = (line: string): void => {
  if (log !== '') appendFileSync(log, `${line}\n`);
};
note(`start ${process.pid}`);
if (mode === 'deaf') for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => {});

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: {
    readonly name?: string;
    readonly arguments?: Readonly<Record<string, unknown>>;
    readonly cursor?: string;
    readonly requestId?: number;
    readonly protocolVersion?: string;
  };
}

const send = (message: object): void => {
  if (mode === 'noisy') process.stdout.write('this is no message\n{"neither":"is this"}\n{broken\n');
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
};

const object = { type: 'object', properties: {} };
const tools = [
  ['env', object],
  ['huge', object],
  ['contents', object],
  ['fails', object],
  ['slow', object],
  ['die', object],
  ['change', object],
  ['nonsense', { type: 'strin' }],
  ['no_schema', 5],
  ['odd name/ü', object],
].map(([name, inputSchema]) => ({ name, description: '', inputSchema }));

const text = (value: string): object => ({ content: [{ type: 'text', text: value }] });

function called(id: number, name: string): object | undefined {
  switch (name) {
    case 'env':
      return text(JSON.stringify(process.env));
    case 'huge':
      return text('x'.repeat(3_000_000));
    case 'contents':
      return {
        content: [
          { type: 'text', text: 'see' },
          { type: 'image', data: 'QUJD', mimeType: 'image/png' },
          { type: 'resource', resource: { uri: 'file:///a.txt', mimeType: 'text/plain', text: 'in a' } },
          { type: 'resource', resource: { uri: 'file:///b.bin', blob: 'QUJD' } },
          { type: 'resource_link', uri: 'file:///c.txt', name: 'c' },
        ],
      };
    case 'fails':
      return { ...text('it did not work'), isError: true };
    case 'slow':
      note(`slow ${id}`);
      return undefined;
    case 'die':
      process.exit(1);
    // oxlint-disable-next-line no-fallthrough
    case 'change':
      send({ method: 'notifications/tools/list_changed' });
      return text('changed');
    default:
      return text(`called ${name}`);
  }
}

function despair(): void {
  writeSync(2, 'I cannot go on\n');
  process.exit(1);
}

createInterface({ input: process.stdin }).on('line', (line) => {
  if (mode === 'silent') return;
  const { id, method, params = {} } = JSON.parse(line) as Message;
  if (method === 'notifications/cancelled') note(`cancelled ${params.requestId}`);
  if (method === 'notifications/initialized' && mode === 'brief') setTimeout(despair, 60);
  if (id === undefined) return;
  switch (method) {
    case 'initialize':
      return send({
        id,
        result: {
          protocolVersion: params.protocolVersion,
          capabilities: { tools: { listChanged: true } },
          serverInfo: { name: 'hostile', version: '1' },
        },
      });
    case 'tools/list': {
      // Two pages.
      const isFirst = params.cursor === undefined;
      send({
        id,
        result: isFirst ? { tools: tools.slice(0, 3), nextCursor: '3' } : { tools: tools.slice(3) },
      });
      return;
    }
    case 'tools/call': {
      const result = called(id, params.name ?? '');
      if (result !== undefined) send({ id, result });
      return;
    }
    case undefined:
      return;
    default:
      send({ id, error: { code: -32601, message: 'no such method' } });
  }
});
// More than a pipe holds, for whoever doesn't read it.
if (mode === 'noisy') setInterval(() => process.stderr.write('noise '.repeat(20_000)), 5).unref();
if (mode === 'deaf') setInterval(() => {}, 1_000);
