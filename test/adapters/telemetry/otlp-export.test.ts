/** Spans and metrics of live runs as a collector gets them, over real HTTP and decoded from the real protobuf. */
import { afterEach, expect, test } from 'vitest';

import type { ModelPort, ToolPort } from '../../../src/host/ports.ts';
import { readStoredRun } from '../../../src/host/stored-run.ts';
import { redactedModel, redactedTools } from '../../../src/host/redacted-ports.ts';
import { Redactor } from '../../../src/host/redactor.ts';
import { MemoryStorage } from '../../../src/kernel/memory-storage.ts';
import type { LedgerRecord } from '../../../src/kernel/records.ts';
import type { AskedCall, Program, SyscallResult } from '../../../src/kernel/syscalls.ts';
import type { ToolSpec } from '../../../src/kernel/tools.ts';
import { said } from '../../support/live.ts';
import { otlpReceiver, type OtlpReceiver } from '../../support/otlp-receiver.ts';
import { spanOf, sumOf, telemetered, traceProblems } from '../../support/telemetered.ts';

const open: OtlpReceiver[] = [];
afterEach(() => Promise.all(open.splice(0).map((receiver) => receiver.close())));
async function receiver(...answer: Parameters<typeof otlpReceiver>): Promise<OtlpReceiver> {
  const made = await otlpReceiver(...answer);
  open.push(made);
  return made;
}

const secret = 'sk-verysecret-0123456789';
const content = 'the-quiet-content';

const tool = (name: string, more: Partial<ToolSpec> = {}): ToolSpec => ({
  name,
  description: 'Does something.',
  parameters: { type: 'object' },
  effects: () => ({ reads: [], writes: [] }),
  ...more,
});
const specs = [
  tool('add'),
  tool('flaky', { retries: 1, retryWaitUs: 1 }),
  tool('broken'),
  tool('slow', { timeoutUs: 20_000 }),
  { name: 'ask', description: 'Asks.', parameters: { type: 'object' }, asksPerson: true },
] as const;

const asked: readonly AskedCall[] = ['add', 'flaky', 'broken', 'slow', 'ask'].map((name) => ({
  id: `id-${name}`,
  tool: name,
  arguments: { text: `${content} ${secret}` },
}));

/** Asks for all tools, has a child work, fails a call and ends. */
const lead: Program = {
  name: 'lead',
  version: 1,
  body: function* () {
    yield { kind: 'allocate', tokens: 5, text: `${content} ${secret}` };
    yield { kind: 'think', maxOutput: 50, request: { temperature: 0.5, purpose: 'turn' } };
    yield {
      kind: 'callTools',
      calls: asked.map((call) => ({ tool: call.tool, arguments: call.arguments! })),
    };
    yield { kind: 'callTools', calls: [{ tool: 'nowhere', arguments: {} }] };
    const child = (yield {
      kind: 'spawn',
      program: 'worker',
      arguments: null,
      name: 'helper',
    }) as SyscallResult<number>;
    yield { kind: 'wait', pid: (child.ok ? child.value : 0) as never };
    yield { kind: 'think', maxOutput: 50 };
    yield { kind: 'exit', outcome: 'failed', value: content, code: 'OUT_OF_LUCK', message: content };
  },
};
const worker: Program = {
  name: 'worker',
  version: 1,
  body: function* () {
    yield { kind: 'think', maxOutput: 9 };
    return content;
  },
};

/** By the process: what its calls come to. */
const model: ModelPort = {
  call({ identity: { pid, n } }, _stop, tell) {
    if (pid === 1 && n === 2) {
      tell({ type: 'text', text: content });
      const usage = { tokensIn: 40, tokensCached: 10, tokensOut: 7, tokensReasoning: 3 };
      return Promise.resolve(said(`${content} ${secret}`, { toolCalls: asked, finish: 'tool-calls', usage }));
    }
    if (pid === 1) {
      const failure = { retryable: false };
      const failed = { code: 'MODEL_FAILED', message: `${content} ${secret}`, failure } as const;
      return Promise.resolve({ text: '', toolCalls: [], usage: {}, failed });
    }
    return Promise.resolve(said('well', { usage: { tokensIn: 3, tokensOut: 2 } }));
  },
};

function tools(): ToolPort {
  let tries = 0;
  return {
    call({ tool: name }) {
      if (name === 'slow') return new Promise(() => {});
      if (name === 'broken') return Promise.resolve({ ok: false, value: `${content} ${secret}` });
      if (name === 'flaky' && tries++ === 0) return Promise.resolve({ ok: false, value: content });
      return Promise.resolve({ ok: true, value: `${content} ${secret}` });
    },
  };
}

const redactor = new Redactor([{ name: 'key', text: secret }]);

/** A run of `lead`, with whoever answers its question. */
async function leadRun(url: string, exportsContent: boolean, environment = {}) {
  const storage = new MemoryStorage();
  const world = await telemetered(
    {
      program: lead,
      kernel: { programs: [lead, worker], tools: specs },
      model: redactedModel(model, redactor),
      tools: redactedTools(tools(), redactor),
      people: {
        ask: ({ request }) => queueMicrotask(() => world.live.answer(request, 'answer', content)),
        withdraw: () => {},
      },
      options: { storage, redactor },
    },
    url,
    { exportsContent, redactor, environment },
  );
  const end = await world.live.spawn({ program: 'lead', arguments: null, name: 'boss', run: 'r1' }).end;
  world.live.close();
  await world.telemetry.close();
  return { ...world, end, storage };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1));
}

const sorted = (rows: readonly (readonly unknown[])[]) =>
  rows.toSorted((a, b) => String(a).localeCompare(String(b)));

const settled = (ledger: readonly LedgerRecord[], part: (record: LedgerRecord) => number): number =>
  ledger.filter(({ what }) => what === 'settled').reduce((sum, record) => sum + part(record), 0);

test('a run with tools, a child and failures arrives as one tree, in the words of the conventions', async () => {
  const collector = await receiver();
  const { notices, storage } = await leadRun(collector.url, false, {
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${secret}`,
    OTEL_SERVICE_NAME: 'my-agents',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,service.name=other',
  });
  const { spans, problems, requests } = collector;
  expect(notices).toEqual([]);
  expect(problems).toEqual([]);
  expect(traceProblems(spans)).toEqual([]);
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  expect(requests.map(({ headers }) => [headers['content-encoding'], headers['authorization']])).toEqual(
    requests.map(() => ['gzip', `Bearer ${secret}`]),
  );
  expect(sorted(spans.map(({ name, kind, status, message }) => [name, kind, status, message]))).toEqual([
    ['chat model', 3, 0, ''],
    ['chat model', 3, 0, ''],
    ['chat model', 3, 2, 'MODEL_FAILED'],
    ['execute_tool add', 1, 0, ''],
    ['execute_tool ask', 1, 0, ''],
    ['execute_tool broken', 1, 2, 'TOOL_FAILED'],
    ['execute_tool flaky', 1, 0, ''],
    ['execute_tool slow', 1, 2, 'TOOL_TIMEOUT'],
    ['invoke_agent boss', 1, 2, 'OUT_OF_LUCK'],
    ['invoke_agent helper', 1, 0, ''],
  ]);
  const boss = spanOf(spans, 'invoke_agent boss');
  expect(boss.resource).toMatchObject({
    'service.name': 'my-agents',
    'service.version': '1.2.3',
    'deployment.environment.name': 'test',
  });
  expect(boss.scope).toEqual({ name: 'ringzero', version: '1' });
  expect(boss.schemaUrl).toBe('https://opentelemetry.io/schemas/1.45.0');
  expect(spanOf(spans, 'invoke_agent helper').parentSpanId).toBe(boss.spanId);
  expect(boss.attributes).toMatchObject({
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.conversation.id': 'r1',
    'gen_ai.agent.name': 'boss',
    'error.type': 'OUT_OF_LUCK',
    'ringzero.process.outcome': 'failed',
    'ringzero.calls': 2,
    'ringzero.tool_calls': 5,
  });
  expect(boss.events.map(({ name }) => name)).toEqual([
    'ringzero.person.asked',
    'ringzero.person.answered',
    'ringzero.tool.refused',
  ]);
  const chat = spans.find(({ attributes }) => attributes['gen_ai.request.temperature'] === 0.5)!;
  expect(chat.parentSpanId).toBe(boss.spanId);
  expect(chat.attributes).toMatchObject({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'model',
    'gen_ai.request.max_tokens': 50,
    'gen_ai.response.finish_reasons': ['tool_calls'],
    'gen_ai.usage.input_tokens': 40,
    'gen_ai.usage.output_tokens': 7,
    'gen_ai.usage.cache_read.input_tokens': 10,
    'gen_ai.usage.reasoning.output_tokens': 3,
    'server.address': 'models.example',
    'server.port': 443,
    'ringzero.call.purpose': 'turn',
    'ringzero.call.stretches': 1,
  });
  expect(chat.attributes['gen_ai.response.time_to_first_chunk']).toBeGreaterThanOrEqual(0);
  const flaky = spanOf(spans, 'execute_tool flaky');
  expect(flaky.attributes).toMatchObject({
    'gen_ai.tool.name': 'flaky',
    'gen_ai.tool.call.id': 'id-flaky',
    'ringzero.tool.attempts': 2,
  });
  expect(flaky.events).toMatchObject([
    { name: 'ringzero.tool.failed', attributes: { 'error.type': 'TOOL_FAILED' } },
  ]);

  // The sums of spans, of metrics and of the ledger are the same.
  const ledger = await storage.ledger({});
  const told = (name: string): number =>
    spans
      .filter((span) => span.name.startsWith('chat '))
      .reduce((sum, { attributes }) => sum + (attributes[name] as number), 0);
  const metrics = collector.metrics.at(-1)!;
  const usage = (type: string): number =>
    sumOf(metrics, 'gen_ai.client.token.usage', { 'gen_ai.token.type': type });
  const tokensIn = settled(ledger, ({ tokens, tokensOut }) => tokens - tokensOut);
  expect(tokensIn).toBeGreaterThan(40);
  expect([told('gen_ai.usage.input_tokens'), usage('input')]).toEqual([tokensIn, tokensIn]);
  const tokensOut = settled(ledger, (record) => record.tokensOut);
  expect([told('gen_ai.usage.output_tokens'), usage('output')]).toEqual([tokensOut, tokensOut]);
  const cost = settled(ledger, ({ microDollars }) => microDollars);
  expect([told('ringzero.cost.micro_dollars'), sumOf(metrics, 'ringzero.cost.micro_dollars')]).toEqual([
    cost,
    cost,
  ]);
  expect(sumOf(metrics, 'ringzero.runs.ended', { 'ringzero.process.outcome': 'failed' })).toBe(1);
  const durations = metrics.find(({ name }) => name === 'gen_ai.execute_tool.duration')!;
  expect(durations).toMatchObject({ unit: 's', type: 'histogram', temporality: 2 });
  expect(durations.points.map(({ count }) => count)).toEqual([1, 1, 1, 1, 1]);
  for (const { buckets, bounds, count } of durations.points) {
    expect(buckets.length).toBe(bounds.length + 1);
    expect(buckets.reduce((sum, one) => sum + one, 0)).toBe(count);
  }

  // Nothing that anybody said has left, and no secret.
  for (const { text } of requests) {
    expect(text).not.toContain(content);
    expect(text).not.toContain(secret);
  }
});

test('contents go only when they are asked for, and as the kernel redacts them', async () => {
  const collector = await receiver();
  await leadRun(collector.url, true);
  const { spans } = collector;
  const broken = spanOf(spans, 'execute_tool broken');
  expect(broken.attributes).toMatchObject({
    'gen_ai.tool.call.arguments': `{"text":"${content} [redacted:key]"}`,
    'gen_ai.tool.call.result': `${content} [redacted:key]`,
  });
  expect(broken.message).toBe(`${content} [redacted:key]`);
  const [chat] = spans.filter(({ name }) => name === 'chat model');
  expect(JSON.parse(chat!.attributes['gen_ai.output.messages'] as string)).toMatchObject([
    {
      role: 'assistant',
      finish_reason: 'tool_calls',
      parts: [
        { type: 'text', content: `${content} [redacted:key]` },
        ...asked.map(({ id }) => ({ type: 'tool_call', id })),
      ],
    },
  ]);
  expect(JSON.parse(chat!.attributes['gen_ai.input.messages'] as string)).toMatchObject([{ role: 'user' }]);
  const all = collector.requests.map(({ text }) => text).join('');
  expect(all).toContain(content);
  expect(all).not.toContain(secret);
});

test('what is stopped, killed and cut off by the end of the kernel ends truthfully', async () => {
  const collector = await receiver();
  let calls = 0;
  const world = await telemetered(
    {
      program: worker,
      model: {
        call: (_call, stop) =>
          new Promise((resolve) => {
            calls++;
            stop.onStop(() => resolve({ text: '', toolCalls: [], usage: {} }));
          }),
      },
      kernel: { engines: [{ name: 'model', cores: 3, preemption: 'none' }] },
    },
    collector.url,
  );
  const spawn = (name: string) => world.live.spawn({ program: 'worker', arguments: null, name, run: name });
  const killed = spawn('killed');
  const unfinished = spawn('unfinished');
  unfinished.end.catch(() => {});
  await until(() => calls === 2);
  world.live.signal(unfinished.pid, 'stop');
  world.live.signal(killed.pid, 'kill');
  await killed.end;
  world.live.signal(unfinished.pid, 'continue');
  await until(() => calls === 3);
  world.live.close();
  await world.telemetry.close();
  const { spans } = collector;
  expect(traceProblems(spans)).toEqual([]);
  const outcomeOf = (name: string) =>
    spanOf(spans, `invoke_agent ${name}`).attributes['ringzero.process.outcome'];
  expect([outcomeOf('killed'), outcomeOf('unfinished')]).toEqual(['killed', 'unfinished']);
  const chats = spans.filter(({ name }) => name === 'chat model');
  expect(
    chats.map(({ attributes }) => [attributes['ringzero.call.stretches'], attributes['error.type']]),
  ).toEqual([
    [1, 'CALL_CANCELLED'],
    [2, 'CALL_CANCELLED'],
  ]);
  expect(chats[1]!.events.map(({ name, attributes }) => [name, attributes['ringzero.reason']])).toEqual([
    ['ringzero.call.dispatched', undefined],
    ['ringzero.call.stopped', 'signal'],
    ['ringzero.call.dispatched', undefined],
  ]);
  expect(
    world.telemetry.metrics().find(({ definition }) => definition.name === 'ringzero.preemptions')?.points,
  ).toEqual([{ attributes: { 'ringzero.reason': 'signal' }, value: 2 }]);
});

/** Two turns with a write between them. */
const writer: Program = {
  name: 'writer',
  version: 1,
  body: function* () {
    yield { kind: 'think', maxOutput: 9 };
    yield { kind: 'callTools', calls: [{ tool: 'write', arguments: {} }] };
    yield { kind: 'spawn', program: 'worker', arguments: null, name: 'helper' };
    yield { kind: 'wait', pid: 0 };
    return 'done';
  },
};
const write = tool('write', { effects: () => ({ reads: [], writes: ['file'] }) });

test('a run goes on in its trace after its kernel died, and nothing is told twice', async () => {
  const collector = await receiver();
  const storage = new MemoryStorage();
  let isDead = false;
  const life = (ledger: readonly LedgerRecord[]) =>
    telemetered(
      {
        program: writer,
        kernel: { programs: [writer, worker], tools: [write], ledger },
        model: { call: () => Promise.resolve(said('well', { usage: { tokensIn: 3, tokensOut: 2 } })) },
        tools: { call: () => new Promise(() => {}) },
        options: { storage },
      },
      collector.url,
      { isKept: true, environment: { OTEL_BSP_SCHEDULE_DELAY: '5' } },
    );
  const first = await life([]);
  first.live.watch({
    take: ({ events }) => {
      isDead ||= events.some(({ type }) => type === 'tool.started');
    },
    broke: () => {},
  });
  first.live.spawn({ program: 'writer', arguments: null, name: 'scribe', run: 'r1' }).end.catch(() => {});
  await until(() => isDead && collector.spans.length > 0);
  // As when its process is gone: nobody closes anything.
  const stored = (await readStoredRun(storage, 'r1'))!;
  const second = await life(stored.ledger);
  const ends = second.live.restore(stored);
  await Promise.all(ends.values());
  second.live.close();
  await second.telemetry.close();
  const { spans } = collector;
  expect(spans.map(({ name }) => name).toSorted((a, b) => a.localeCompare(b))).toEqual([
    'chat model',
    'chat model',
    'execute_tool write',
    'invoke_agent helper',
    'invoke_agent scribe',
  ]);
  expect(traceProblems(spans)).toEqual([]);
  const scribe = spanOf(spans, 'invoke_agent scribe');
  expect(scribe.parentSpanId).toBe('');
  expect(scribe.attributes['ringzero.process.resumed']).toBe(true);
  expect(scribe.events.map(({ name }) => name)).toContain('ringzero.process.restored');
  expect(spanOf(spans, 'execute_tool write').attributes['error.type']).toBe('TOOL_INTERRUPTED');
  first.live.close();
  await first.telemetry.close();
  // What the first kernel still had was a call that its death broke off.
  expect(spans.slice(5).map(({ name, attributes }) => [name, attributes['error.type']])).toEqual([
    ['execute_tool write', 'CALL_CANCELLED'],
  ]);
});

test('a parked run leaves its trace open, and who goes on with it ends it', async () => {
  const collector = await receiver();
  const storage = new MemoryStorage();
  let calls = 0;
  const life = (ledger: readonly LedgerRecord[], isLast: boolean) =>
    telemetered(
      {
        program: worker,
        kernel: { ledger },
        model: {
          call: (_call, stop) =>
            new Promise((resolve) => {
              calls++;
              if (isLast) return resolve(said('well'));
              stop.onStop(() => resolve({ text: '', toolCalls: [], usage: {} }));
            }),
        },
        options: { storage },
      },
      collector.url,
      { isKept: true },
    );
  const first = await life([], false);
  first.live.spawn({ program: 'worker', arguments: null, name: 'w', run: 'r1' }).end.catch(() => {});
  await until(() => calls > 0);
  await first.live.park();
  first.live.close();
  await first.telemetry.close();
  expect(collector.spans.map(({ name, attributes }) => [name, attributes['error.type']])).toEqual([
    ['chat model', 'CALL_CANCELLED'],
  ]);
  const stored = (await readStoredRun(storage, 'r1'))!;
  const second = await life(stored.ledger, true);
  const ends = second.live.restore(stored);
  second.live.signal([...ends.keys()][0]!, 'continue');
  await Promise.all(ends.values());
  second.live.close();
  await second.telemetry.close();
  expect(collector.spans.map(({ name }) => name)).toEqual(['chat model', 'chat model', 'invoke_agent w']);
  expect(traceProblems(collector.spans)).toEqual([]);
});

test('a collector that nobody reaches, refuses or never answers is told once, and no run waits for it', async () => {
  const gone = await receiver();
  await gone.close();
  const refusing = await receiver(() => 403);
  const silent = await receiver(() => undefined);
  const why = { [gone.url]: /ECONNREFUSED/, [refusing.url]: /403/, [silent.url]: /timed out/i };
  await Promise.all(
    Object.entries(why).map(async ([url, expected]) => {
      // Shorter than the first wait before a repeat.
      const environment = {
        OTEL_EXPORTER_OTLP_TIMEOUT: url === silent.url ? '100' : '750',
        OTEL_BSP_SCHEDULE_DELAY: '1',
      };
      const { notices, end, telemetry } = await leadRun(url, false, environment);
      expect(end.outcome).toBe('failed');
      expect(notices.length).toBe(1);
      expect(notices[0]).toMatch(expected);
      expect(notices[0]).toContain(`${url}/v1/traces`);
      const dropped = telemetry
        .metrics()
        .find(({ definition }) => definition.name === 'ringzero.telemetry.spans.dropped');
      expect(dropped?.points[0]!.value).toBe(10);
    }),
  );
});
