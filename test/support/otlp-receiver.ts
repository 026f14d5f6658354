/** A collector that decodes what it is sent, on any free port. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';

import { metricsIn, spansIn, type ReceivedMetric, type ReceivedSpan } from './otlp-messages.ts';

export interface OtlpReceiver {
  readonly url: string;
  /** In the order in which they came. */
  readonly spans: ReceivedSpan[];
  /** Each export of them. */
  readonly metrics: (readonly ReceivedMetric[])[];
  readonly requests: {
    readonly path: string;
    readonly headers: IncomingMessage['headers'];
    readonly text: string;
  }[];
  /** What is wrong with what came. */
  readonly problems: string[];
  close(): Promise<void>;
}

/** `answer`: the status of its answers; undefined: it never answers. */
export async function otlpReceiver(answer: () => number | undefined = () => 200): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const metrics: (readonly ReceivedMetric[])[] = [];
  const requests: OtlpReceiver['requests'] = [];
  const problems: string[] = [];
  const take = async (request: IncomingMessage): Promise<void> => {
    const sent = await buffer(request);
    const { url: path = '', headers, method } = request;
    const bytes = headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
    requests.push({ path, headers, text: bytes.toString('latin1') });
    if (method !== 'POST' || headers['content-type'] !== 'application/x-protobuf')
      problems.push(`${method} ${path} of ${headers['content-type']}`);
    const status = answer();
    if (status !== 200) return;
    if (path.endsWith('/v1/traces')) spans.push(...spansIn(bytes));
    else if (path.endsWith('/v1/metrics')) metrics.push(metricsIn(bytes));
    else problems.push(`path ${path}`);
  };
  const answered = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      await take(request);
    } catch (error) {
      problems.push(String(error));
      response.writeHead(400).end();
      return;
    }
    const status = answer();
    if (status !== undefined) response.writeHead(status, { 'content-type': 'application/x-protobuf' }).end();
  };
  const server = createServer((request, response) => void answered(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    metrics,
    requests,
    problems,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
