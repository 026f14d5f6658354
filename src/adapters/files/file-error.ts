/** The one line that says which file cannot be read, why, and what could. */
import { KernelError } from '../../kernel/errors.ts';

const readable = 'a readable file, plain, gzip or zstd';
/** For what must be text. */
export const readableText = 'a readable text file, plain, gzip or zstd';

export function fileError(path: string, problem: string, cause?: unknown, allowed = readable): KernelError {
  return new KernelError('INVALID_FILE', `${path}: ${problem}; allowed: ${allowed}`, {
    detail: { file: path, problem, allowed },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** What the operating system or the decompressor said, as a KernelError; one that is already passes through. */
export function systemError(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof KernelError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  return fileError(path, problems[code] ?? decompressorProblem(code) ?? `cannot be read (${code})`, error);
}

const problems: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist (a part of the path is not a directory)',
  EACCES: 'may not be read',
  EPERM: 'may not be read',
  EISDIR: 'is a directory',
  Z_BUF_ERROR: 'is cut off (the compressed data, or what stands behind it, ends too early)',
};

function decompressorProblem(code: string): string | undefined {
  return /^(Z_|ZSTD_)/.test(code) ? 'is damaged (the compressed data cannot be decoded)' : undefined;
}
