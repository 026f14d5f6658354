/** Workloads on their way to machines that have no files of the sweep's: through its database. */
import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

import { openInputFile, type InputFile } from '../../adapters/files/input-file.ts';
import type { SharedFiles } from '../../adapters/jobs/shared-files.ts';
import { KernelError } from '../../kernel/errors.ts';

/** Of what is read at once of a file that is compressed already. */
const rawBytes = 1_048_576;

/** Puts it there, compressed, unless it is there. `content`: SHA-256 of what is in it. */
export async function shareWorkload(files: SharedFiles, path: string, content: string): Promise<void> {
  if ((await files.nameOf(content)) !== undefined) return;
  const file = await openInputFile(path);
  await files.put({ content, name: file.name }, () => compressedBytes(file));
}

function compressedBytes(file: InputFile): AsyncIterable<Uint8Array> {
  if (file.compression !== 'none') return rawChunks(file);
  // Quick rather than small: it is read as often as there are workers.
  return Readable.from(copies(file.chunks())).pipe(createGzip({ level: 1 }));
}

async function* rawChunks(file: InputFile): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.size; at += rawBytes)
    yield await file.readRaw(at, Math.min(file.size, at + rawBytes));
}

/** A chunk is good until the next is asked for, and a stream asks before it is through. */
async function* copies(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield new Uint8Array(chunk);
}

/** The files that a worker has fetched, in a folder of its own that goes when it ends. */
export class FetchedWorkloads {
  private readonly files: SharedFiles;
  private readonly folder = mkdtempSync(join(tmpdir(), 'ringzero-worker-'));
  /** By content. */
  private readonly paths = new Map<string, Promise<string>>();

  constructor(files: SharedFiles) {
    this.files = files;
  }

  /** Its path. Rejects with KernelError STORAGE_FAILED when it is not there or damaged, or as the database does; then it is asked for again. */
  path(content: string): Promise<string> {
    let path = this.paths.get(content);
    if (path === undefined) {
      path = this.fetch(content);
      this.paths.set(content, path);
      path.catch(() => this.paths.delete(content));
    }
    return path;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async fetch(content: string): Promise<string> {
    const name = await this.files.nameOf(content);
    if (name === undefined) throw unusable(content, 'is not in the database');
    // Its name is in messages: it is to be the same as where it came from.
    const folder = join(this.folder, content);
    mkdirSync(folder, { recursive: true });
    const path = join(folder, basename(name));
    await pipeline(Readable.from(this.files.bytesOf(content)), createWriteStream(path));
    if ((await (await openInputFile(path)).sha256()) !== content)
      throw unusable(content, 'is damaged in the database');
    return path;
  }
}

function unusable(content: string, what: string): KernelError {
  return new KernelError('STORAGE_FAILED', `workload ${content.slice(0, 12)}… ${what}`);
}
