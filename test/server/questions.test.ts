import { createHmac } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect, test } from 'vitest';

import { MemoryStorage } from '../../src/kernel/memory-storage.ts';
import { openServer, type OpenServer } from '../support/open-server.ts';
import { scratch } from '../support/run-cli.ts';

const files = scratch();
const words = ['--model', 'scripted', '--root', files.path('')];
type Fields = Readonly<Record<string, unknown>>;
interface Question {
  readonly question_id: string;
  readonly trace_id: string;
  readonly decisions: readonly string[];
}

async function begun(server: OpenServer, content: string): Promise<string> {
  const made = await server.post('/api/traces', { messages: [{ role: 'user', content }] });
  return ((await made.json()) as { trace_id: string }).trace_id;
}
async function asked(server: OpenServer, run: string): Promise<Question> {
  await expect.poll(async () => (await questionsOf(server, run)).length).toBe(1);
  return (await questionsOf(server, run))[0]!;
}
async function questionsOf(server: OpenServer, run: string): Promise<Question[]> {
  const answer = await server.get(`/api/questions?trace_id=${run}`);
  return ((await answer.json()) as { questions: Question[] }).questions;
}
async function until(server: OpenServer, id: string, status: string): Promise<Fields> {
  const trace = async () => (await (await server.get(`/api/traces/${id}`)).json()) as Fields;
  await expect.poll(async () => (await trace())['status']).toBe(status);
  return trace();
}
const writes = (name: string): string => `write_file ${JSON.stringify({ path: name, text: 'x' })}`;

test('a call that writes waits for a yes; it is answered once, by who is named in the audit log', async () => {
  await using server = await openServer({ words });
  const id = await begun(server, writes('a.txt'));
  const question = await asked(server, id);
  await until(server, id, 'waiting');
  expect(question).toMatchObject({
    trace_id: id,
    purpose: 'approve',
    tool: 'write_file',
    arguments: { path: 'a.txt', text: 'x' },
    decisions: ['approve', 'edit', 'deny'],
  });
  const path = `/api/questions/${encodeURIComponent(question.question_id)}`;
  expect((await server.get(path)).status).toBe(200);
  const bad = async (body: unknown): Promise<unknown> => {
    const answer = await server.post(`${path}/answer`, body);
    expect(answer.status).toBe(422);
    return ((await answer.json()) as { error: { field: string } }).error.field;
  };
  expect(await bad({ decision: 'answer', value: 'x' })).toBe('decision');
  expect(await bad({ decision: 'edit', value: { path: 1 } })).toBe('value');
  expect(await bad({ decision: 'approve', value: 1 })).toBe('value');
  expect(existsSync(files.path('a.txt'))).toBe(false);
  const answers = await Promise.all([
    server.post(`${path}/answer`, { decision: 'edit', value: { path: 'b.txt', text: 'y' } }),
    server.post(`${path}/answer`, { decision: 'deny', value: 'no' }),
  ]);
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
  await until(server, id, 'completed');
  expect(readFileSync(files.path('b.txt'), 'utf8')).toBe('y');
  expect((await server.get(path)).status).toBe(409);
  expect((await server.get('/api/questions/none:1.1.0')).status).toBe(404);
  expect((await server.post('/api/answers', { token: 'x', decision: 'approve' })).status).toBe(403);
  const audit = await server.world.storage.audit(id);
  expect(audit.map(({ record }) => [record.action, record.person])).toContainEqual(['person/edit', 'local']);
});

test('a question that was open is open again, by the same id, when another server goes on with the run', async () => {
  const storage = new MemoryStorage();
  const first = await openServer({ words, storage });
  const id = await begun(first, writes('c.txt'));
  const before = await asked(first, id);
  await first.services.close(Promise.resolve());
  expect((await first.post('/api/traces', { messages: [{ role: 'user', content: 'x' }] })).status).toBe(503);
  await first[Symbol.asyncDispose]();
  await using second = await openServer({ words, storage });
  await second.services.left.takeUp();
  const after = await asked(second, id);
  expect(after.question_id).toBe(before.question_id);
  await second.post(`/api/questions/${encodeURIComponent(after.question_id)}/answer`, {
    decision: 'approve',
  });
  await until(second, id, 'completed');
  expect(existsSync(files.path('c.txt'))).toBe(true);
});

test('where nobody is asked, all is denied', async () => {
  await using server = await openServer({ words: [...words, '--approve', 'never'] });
  const id = await begun(server, writes('d.txt'));
  const { answer } = await until(server, id, 'completed');
  expect(answer).toContain('nobody is asked (--approve never)');
});

interface Told {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Answers with each status in turn, and with the last one from then on. */
async function receiver(...answers: readonly { status: number; body?: unknown }[]) {
  const told: Told[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (bytes: Buffer) => (body += bytes.toString()));
    request.on('end', () => {
      const answer = answers[Math.min(told.length, answers.length - 1)]!;
      told.push({ headers: request.headers, body });
      response.writeHead(answer.status).end(answer.body === undefined ? '' : JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    told,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

const secret = 'a-secret-of-the-tests';

test('a webhook is told of a question, signed, until it takes it, and answers with the token of that question', async () => {
  await using hook = await receiver({ status: 500 }, { status: 204 });
  const notices: string[] = [];
  await using server = await openServer({
    words,
    options: {
      webhook: { url: hook.url, secret, firstWaitUs: 1_000 },
      onNotice: (line) => notices.push(line),
    },
  });
  const id = await begun(server, writes('e.txt'));
  await expect.poll(() => hook.told.length).toBe(2);
  const [first, second] = hook.told;
  expect(second!.body).toBe(first!.body);
  const [, seconds, proof] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(
    String(first!.headers['x-ringzero-signature']),
  )!;
  expect(proof).toBe(createHmac('sha256', secret).update(`${seconds}.${first!.body}`).digest('hex'));
  expect(notices).toEqual([expect.stringMatching(/told again later: status 500$/)]);
  const { question, answer } = JSON.parse(first!.body) as {
    question: Question;
    answer: { path: string; token: string };
  };
  expect(question.trace_id).toBe(id);
  const other = answer.token.replace(/^.*~/, `${id}:1.1.0~`);
  expect((await server.post(answer.path, { token: other, decision: 'approve' })).status).toBe(403);
  expect((await server.post(answer.path, { token: answer.token, decision: 'approve' })).status).toBe(200);
  await until(server, id, 'completed');
  expect((await server.post(answer.path, { token: answer.token, decision: 'approve' })).status).toBe(409);
  await server.services.close(Promise.resolve());
});

test('the response of a webhook may be the answer', async () => {
  await using hook = await receiver({ status: 200, body: { decision: 'deny', value: 'not today' } });
  await using server = await openServer({ words, options: { webhook: { url: hook.url, secret } } });
  const id = await begun(server, writes('f.txt'));
  const { answer } = await until(server, id, 'completed');
  expect(answer).toContain('not today');
  await server.services.close(Promise.resolve());
});
