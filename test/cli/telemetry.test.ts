/** `--otlp`: off unless asked for, checked before anything starts, and never in the way of a run. */
import { tmpdir } from 'node:os';

import { afterEach, expect, test } from 'vitest';

import { redactorOf } from '../../src/cli/live/redaction.ts';
import { otlpReceiver, type OtlpReceiver } from '../support/otlp-receiver.ts';
import { runCli, scratch } from '../support/run-cli.ts';
import { spanOf, traceProblems } from '../support/telemetered.ts';
import { TerminalPerson } from '../support/terminal-person.ts';

const files = scratch();
const open: OtlpReceiver[] = [];
afterEach(() => Promise.all(open.splice(0).map((receiver) => receiver.close())));
async function receiver(): Promise<OtlpReceiver> {
  const made = await otlpReceiver();
  open.push(made);
  return made;
}

const sum = ['run', 'What is 6*7?', '--model', 'scripted'];

test('a run goes to the collector that is named, or that the environment names; the variable alone sends nothing', async () => {
  const named = await receiver();
  const byVariable = await receiver();
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: byVariable.url };
  const plain = await runCli(sum, { environment });
  expect([byVariable.requests.length, plain.status]).toEqual([0, 0]);
  await runCli([...sum, '--otlp', named.url], { environment });
  expect(byVariable.requests.length).toBe(0);
  const { status, out, err } = await runCli([...sum, '--otlp'], { environment });
  expect({ status, out }).toEqual({ status: 0, out: plain.out });
  expect(err).not.toContain('telemetry');
  for (const { spans, problems, metrics } of [named, byVariable]) {
    expect(problems).toEqual([]);
    expect(traceProblems(spans)).toEqual([]);
    expect(spans.map(({ name }) => name)).toEqual([
      'chat scripted',
      'execute_tool calculator',
      'chat scripted',
      'invoke_agent agent',
    ]);
    expect(spans[0]!.attributes['gen_ai.provider.name']).toBe('ringzero');
    expect(metrics.length).toBe(1);
  }
});

test('what cannot be is told in one line before anything starts, and OTEL_SDK_DISABLED is heeded', async () => {
  const collector = await receiver();
  const refused = async (words: readonly string[], environment = {}): Promise<string> => {
    const { status, out, err } = await runCli([...sum, ...words], { environment });
    expect({ status, out }).toEqual({ status: 2, out: '' });
    return err;
  };
  expect(await refused(['--otlp'])).toMatch(/^error: --otlp: there is no collector to send to; allowed: /);
  expect(await refused(['--otlp', 'ftp://x'])).toMatch(
    /^error: --otlp: "ftp:\/\/x" is not allowed; allowed: an http/,
  );
  expect(await refused(['--otlp', 'http://user:pass@x'])).toMatch(
    /^error: --otlp: "http:\/\/…@x" is not allowed/,
  );
  expect(await refused(['--otlp-content'])).toMatch(/^error: --otlp-content: means nothing without --otlp/);
  const variables: readonly (readonly [string, string])[] = [
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc'],
    ['OTEL_EXPORTER_OTLP_COMPRESSION', 'zip'],
    ['OTEL_EXPORTER_OTLP_TIMEOUT', 'soon'],
    ['OTEL_METRIC_EXPORT_INTERVAL', '0'],
  ];
  for (const [name, value] of variables)
    expect(await refused(['--otlp', collector.url], { [name]: value })).toMatch(
      new RegExp(`^error: ${name}: "${value}" is not allowed; allowed: `),
    );
  const line = await refused(['--otlp', collector.url], { OTEL_EXPORTER_OTLP_HEADERS: 'a=b,topsecret' });
  expect(line).toBe(
    'error: OTEL_EXPORTER_OTLP_HEADERS: part 2 is not allowed; allowed: name=value, with commas between',
  );
  const { status } = await runCli([...sum, '--otlp', collector.url], {
    environment: { OTEL_SDK_DISABLED: 'true' },
  });
  expect([status, collector.requests.length]).toEqual([0, 0]);
});

test('a run that is parked and one that goes on with it make one trace', async () => {
  const collector = await receiver();
  const environment = { RINGZERO_STORE: files.path('runs.db') };
  const at = (act: string) => ({ ...new TerminalPerson([/Which\?/, act]).io(), environment });
  const task = 'ask_person {"question":"Which?"}';
  const parked = await runCli(['run', task, '--model', 'scripted', '--otlp', collector.url], at('Ctrl-C'));
  expect(parked.status).toBe(130);
  expect(collector.spans.map(({ name, attributes }) => [name, attributes['error.type']])).toEqual([
    ['chat scripted', undefined],
    ['execute_tool ask_person', 'CALL_CANCELLED'],
  ]);
  const resumed = await runCli(['resume', '--otlp', collector.url], at('this one'));
  expect(resumed.status).toBe(0);
  expect(traceProblems(collector.spans)).toEqual([]);
  expect(spanOf(collector.spans, 'invoke_agent agent').attributes['ringzero.process.resumed']).toBe(true);
});

test('a key in the headers for the collector is redacted like any other', () => {
  const { redactor } = redactorOf(
    {},
    {
      folder: tmpdir(),
      environment: {
        OTEL_EXPORTER_OTLP_HEADERS:
          'authorization=Bearer%20abc-def-ghi,x-tenant=default,x-team=0123456789abcdef0123',
      },
    },
    [],
  );
  expect(redactor.text('Bearer abc-def-ghi of default at 0123456789abcdef0123')).toBe(
    'Bearer [redacted:OTEL_EXPORTER_OTLP_HEADERS] of default at [redacted:OTEL_EXPORTER_OTLP_HEADERS]',
  );
});
