import { invalid } from '../../kernel/errors.ts';
import { failed, ok, type LiveTool } from './live-tool.ts';

/** Bytes of an answer that the tool reads at most; redirects that it follows. */
export const fetchLimits = { bytes: 1_000_000, redirects: 5 } as const;

/**
 * Gets pages from hosts on a list, and from no other: each redirect is judged like a first request. An entry is a host name ("example.org"), one with a port
 * ("localhost:8080"), or with all its subdomains ("*.example.org").
 */
export function fetchTool(allowed: readonly string[]): LiveTool {
  for (const entry of allowed)
    if (!/^(\*\.)?[a-z0-9.-]+(:\d+)?$|^\[[0-9a-f:]+\](:\d+)?$/.test(entry))
      throw invalid(
        'allowed hosts',
        entry,
        'a host name in small letters, with a port or as *.name if wanted',
      );
  return {
    spec: {
      name: 'fetch',
      description: `Gets a web page as text, up to ${fetchLimits.bytes} bytes. Hosts: ${allowed.join(', ') || 'none'}.`,
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
      let { url } = args as { readonly url: string };
      for (let hops = 0; hops <= fetchLimits.redirects; hops++) {
        const target = parsed(url);
        if (target === undefined)
          return failed(`url: ${JSON.stringify(url)} is not one; allowed: http:// or https://`);
        if (!isAllowed(target, allowed))
          return failed(
            `url: host "${target.host}" is not on the list; allowed: ${allowed.join(', ') || 'none'}`,
          );
        const response = await reached(target, abort.signal);
        if (typeof response === 'string') return failed(`${target.href}: ${response}`);
        const location = response.headers.get('location');
        if (response.status < 300 || response.status >= 400 || location === null)
          return await replyOf(response);
        await response.body?.cancel();
        url = new URL(location, target).href;
      }
      return failed(`url: more than ${fetchLimits.redirects} redirects`);
    },
  };
}

function parsed(url: string): URL | undefined {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  return target?.protocol === 'http:' || target?.protocol === 'https:' ? target : undefined;
}

function isAllowed({ host, hostname, username }: URL, allowed: readonly string[]): boolean {
  if (username !== '') return false;
  return allowed.some((entry) =>
    entry.startsWith('*.')
      ? hostname.endsWith(entry.slice(1)) || host.endsWith(entry.slice(1))
      : entry === host || entry === hostname,
  );
}

async function reached(target: URL, signal: AbortSignal): Promise<Response | string> {
  try {
    return await fetch(target, { redirect: 'manual', signal });
  } catch (error) {
    if (signal.aborted) return 'stopped';
    const { cause } = error as { readonly cause?: { readonly code?: string } };
    return `cannot be reached${cause?.code === undefined ? '' : ` (${cause.code})`}`;
  }
}

async function replyOf(response: Response): Promise<ReturnType<typeof ok>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  let isCut = false;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    length += chunk.length;
    if (length <= fetchLimits.bytes) continue;
    isCut = true;
    break;
  }
  const text = Buffer.concat(chunks).subarray(0, fetchLimits.bytes).toString('utf8');
  const { status } = response;
  const reply = { status, text, ...(isCut ? { isCut } : {}) };
  return response.ok ? ok(reply) : failed(`status ${status}: ${text.slice(0, 1_000)}`);
}
