import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

import { messageOf } from '../../kernel/errors.ts';
import type { ToolReply } from '../../host/ports.ts';
import { AllowedHosts } from './allowed-hosts.ts';
import { failed, ok, type LiveTool } from './live-tool.ts';
import { wholeText } from './whole-text.ts';

/** Bytes of an answer that the tool reads at most; redirects that it follows. */
export const fetchLimits = { bytes: 1_000_000, redirects: 5 } as const;

/** Gets pages from hosts on a list, and from no other: each redirect is judged like a first request. Throws KernelError INVALID_ARGUMENT for an entry that is none. */
export function fetchTool(entries: readonly string[]): LiveTool {
  const allowed = new AllowedHosts(entries);
  return {
    spec: {
      name: 'fetch',
      description: `Gets a web page as text, up to ${fetchLimits.bytes} bytes. Hosts: ${allowed.inWords()}.`,
      parameters: {
        type: 'object',
        properties: { url: { type: 'string', minLength: 1, maxLength: 4_096 } },
        required: ['url'],
        additionalProperties: false,
      },
      // It asks for pages only, and acts on nothing.
      reads: [],
      writes: [],
      timeoutUs: 30_000_000,
    },
    async call(args, { stop }) {
      const abort = new AbortController();
      stop.onStop(() => abort.abort());
      const { url } = args as { readonly url: string };
      let target = parsed(url);
      for (let hops = 0; hops <= fetchLimits.redirects; hops++) {
        if (target === undefined)
          return failed(`url: ${JSON.stringify(url)} is not one; allowed: http:// or https://`);
        if (!allowed.allow(target))
          return failed(`url: host "${target.host}" is not on the list; allowed: ${allowed.inWords()}`);
        try {
          const response = await answerOf(target, allowed, abort.signal);
          const { statusCode: status = 0, headers } = response;
          if (status < 300 || status >= 400 || headers.location === undefined)
            return await replyOf(response, status);
          response.destroy();
          const next = parsed(headers.location, target);
          if (next === undefined) return failed(`${target.href}: leads on to what is no URL`);
          target = next;
        } catch (error) {
          return failed(`${target.href}: ${abort.signal.aborted ? 'stopped' : reasonOf(error)}`);
        }
      }
      return failed(`url: more than ${fetchLimits.redirects} redirects`);
    },
  };
}

function parsed(url: string, base?: URL): URL | undefined {
  const target = URL.parse(url, base?.href);
  return target?.protocol === 'http:' || target?.protocol === 'https:' ? target : undefined;
}

/** Whoever asked, the connection goes to the addresses that were judged. */
function answerOf(target: URL, { lookup }: AllowedHosts, signal: AbortSignal): Promise<IncomingMessage> {
  const request = target.protocol === 'https:' ? httpsRequest : httpRequest;
  const headers = { accept: 'text/*, application/json;q=0.9, */*;q=0.5', 'accept-encoding': 'identity' };
  return new Promise((resolve, reject) => {
    request(target, { headers, lookup, signal, agent: false })
      .on('response', resolve)
      .on('error', reject)
      .end();
  });
}

function reasonOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'INVALID_ARGUMENT') return messageOf(error);
  return `cannot be reached${code === undefined ? '' : ` (${code})`}`;
}

async function replyOf(response: IncomingMessage, status: number): Promise<ToolReply> {
  const type = response.headers['content-type'] ?? '';
  const isGood = status >= 200 && status < 300;
  if (isGood && !isText(type)) {
    response.destroy();
    return failed(`status ${status}: ${type} is no text; allowed: text, JSON, XML`);
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of unpacked(response) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > fetchLimits.bytes) break;
  }
  const isCut = length > fetchLimits.bytes;
  const text = textOf(Buffer.concat(chunks).subarray(0, fetchLimits.bytes), type, isCut);
  if (!isGood) return failed(`status ${status}: ${text.slice(0, 1_000)}`);
  return ok({ status, text, ...(isCut ? { isCut } : {}) });
}

/** What does not say what it is may be text. */
const isText = (type: string): boolean =>
  /^\s*(?:$|;|text\/|[^;]*(?:json|xml|javascript|yaml|x-www-form-urlencoded))/i.test(type);

/** We ask for it as it is; some servers pack it all the same. */
function unpacked(response: IncomingMessage): Readable {
  const unpack = unpackers.get(response.headers['content-encoding'] ?? '');
  if (unpack === undefined) return response;
  const unpacking = unpack();
  // `pipe` hands on the end, but no error.
  response.on('error', (error) => unpacking.destroy(error));
  unpacking.on('close', () => response.destroy());
  return response.pipe(unpacking);
}
const unpackers = new Map([
  ['gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

/** In the encoding that it says it has, UTF-8 when it says nothing or what nobody knows. */
function textOf(bytes: Uint8Array, type: string, isCut: boolean): string {
  const [, label = 'utf-8'] = /;\s*charset="?([^\s;"]+)/i.exec(type) ?? [];
  try {
    const decoder = new TextDecoder(label);
    if (decoder.encoding !== 'utf-8') return decoder.decode(bytes);
  } catch {
    // A name that nobody knows.
  }
  return isCut ? wholeText(bytes).text : new TextDecoder().decode(bytes);
}
