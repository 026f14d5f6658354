/** How commands ask a server that runs somewhere: its address, its token, and its refusals in one line. */
import type { Command as CommanderCommand } from 'commander';

import { ApiError } from '../../client/api-error.ts';
import { createClient, type Client } from '../../client/client.ts';
import { invalid, KernelError } from '../../kernel/errors.ts';
import type { Io } from '../command.ts';
import { tokenVariable } from './guard-flags.ts';

export interface ServerFlags {
  readonly server?: string;
}

const serverVariable = 'RINGZERO_URL';
/** Where `ringzero serve` listens when nothing else is said. */
export const defaultPort = 4_790;
const defaultUrl = `http://127.0.0.1:${defaultPort}`;

export function addServerFlag(command: CommanderCommand): void {
  command.option(
    '--server <url>',
    `a server that runs (default: ${serverVariable}, else ${defaultUrl}); its token comes from ${tokenVariable} alone`,
  );
}

export interface AskedServer {
  readonly url: string;
  readonly client: Client;
}

/** `isPatient`: what breaks off is asked for again; else whoever sits in front of it asks again himself. Throws KernelError INVALID_ARGUMENT for an address that is none. */
export function askServer(
  { server }: ServerFlags,
  { environment }: Pick<Io, 'environment'>,
  isPatient = false,
): AskedServer {
  const told = environment[serverVariable]?.trim() || undefined;
  const url = server ?? told ?? defaultUrl;
  if (!isHttpUrl(url))
    throw invalid(
      server === undefined ? serverVariable : '--server',
      url,
      `an address such as ${defaultUrl}`,
    );
  const token = environment[tokenVariable];
  const client = createClient({
    baseUrl: url,
    fetch,
    ...(isPatient ? { wait } : {}),
    ...(token === undefined ? {} : { token }),
  });
  return { url, client };
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What `ask` gives; what a server refuses, and one that is not there, is told in one line. */
export async function asked<Answer>({ url }: AskedServer, ask: Promise<Answer>): Promise<Answer> {
  try {
    return await ask;
  } catch (error) {
    throw problemOf(url, error);
  }
}

export function problemOf(url: string, error: unknown): KernelError {
  if (error instanceof KernelError) return error;
  if (error instanceof ApiError) {
    const hint = error.status === 401 ? ` (${tokenVariable} holds it)` : '';
    return new KernelError('INVALID_ARGUMENT', `${url}: ${error.message}${hint}`, { cause: error });
  }
  const { cause } = error as { readonly cause?: { readonly code?: string } };
  return new KernelError(
    'INVALID_ARGUMENT',
    `--server: ${url} cannot be reached${cause?.code === undefined ? '' : ` (${cause.code})`}; ringzero serve starts one`,
    { cause: error },
  );
}

function isHttpUrl(text: string): boolean {
  try {
    return /^https?:$/.test(new URL(text).protocol);
  } catch {
    return false;
  }
}
