import { expect, test } from 'vitest';

import { openServer } from '../support/open-server.ts';

test('a created run is there, goes on by itself and ends with its answer', async () => {
  await using server = await openServer();
  const made = await server.post('/api/traces', { messages: [{ role: 'user', content: 'What is 6*7?' }] });
  expect(made.status).toBe(201);
  const { trace_id: id } = (await made.json()) as { trace_id: string };
  await expect
    .poll(async () => (await server.get(`/api/traces/${id}`)).json())
    .toMatchObject({
      trace_id: id,
      status: 'completed',
    });
});

test('an unknown field is refused by its name', async () => {
  await using server = await openServer();
  const answer = await server.post('/api/traces', {
    messages: [{ role: 'user', content: 'x' }],
    temperature: 9,
  });
  expect(answer.status).toBe(422);
  expect(await answer.json()).toMatchObject({ error: { field: 'temperature' } });
});
