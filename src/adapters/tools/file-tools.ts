import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, lstat, mkdir, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { Json } from '../../kernel/ids.ts';
import { pathOf, type ToolData } from '../../kernel/tool-data.ts';
import { explained, type FileRoot } from './file-root.ts';
import { failed, ok, type LiveTool } from './live-tool.ts';
import { wholeText } from './whole-text.ts';

/** Bytes of a file that a tool reads at most; entries that it lists, and lines that it finds. */
export const fileLimits = { bytes: 1_000_000, entries: 1_000, matches: 200, lineLength: 500 } as const;

/**
 * Reading, writing, listing and searching text files inside a root. Effects are the files themselves, so that reads run side by side and a write waits for them; a listing or a
 * search reads whatever is written below it, and its folder stands for that.
 */
export function fileTools(root: FileRoot): readonly LiveTool[] {
  return [readTool(root), writeTool(root), listTool(root), searchTool(root)];
}

const pathSchema = { type: 'string', minLength: 1, maxLength: 4_096 } as const;

const reading = ({ folder }: FileRoot): Pick<ToolData, 'files'> => ({
  files: { root: folder, access: 'read' },
});
const writing = ({ folder }: FileRoot): Pick<ToolData, 'files'> => ({
  files: { root: folder, access: 'write' },
});

function readTool(root: FileRoot): LiveTool {
  return {
    spec: {
      name: 'read_file',
      description: `Reads a text file, up to ${fileLimits.bytes} bytes from offset.`,
      parameters: {
        type: 'object',
        properties: { path: pathSchema, offset: { type: 'integer', minimum: 0, maximum: 2 ** 53 - 1 } },
        required: ['path'],
        additionalProperties: false,
      },
      ...reading(root),
    },
    async call(args) {
      const { offset = 0 } = args as { readonly offset?: number };
      const path = pathOf(args);
      const handle = await opened(await root.locate(path)).catch(explained(path));
      try {
        const { size } = await handle.stat();
        const bytes = Buffer.alloc(Math.max(0, Math.min(size - offset, fileLimits.bytes)));
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, offset).catch(explained(path));
        const read = bytes.subarray(0, bytesRead);
        if (read.includes(0)) return failed(`path: ${JSON.stringify(path)} holds no text`);
        if (offset + bytesRead >= size) return ok({ text: read.toString('utf8') });
        const { text, length } = wholeText(read);
        return ok({ text, next: offset + length, size });
      } finally {
        await handle.close();
      }
    },
  };
}

function writeTool(root: FileRoot): LiveTool {
  return {
    spec: {
      name: 'write_file',
      description:
        'Writes a text file, whole or not at all; what was in it before is gone. Folders on the way are made.',
      parameters: {
        type: 'object',
        properties: { path: pathSchema, text: { type: 'string', maxLength: fileLimits.bytes } },
        required: ['path', 'text'],
        additionalProperties: false,
      },
      // The file is as the call wants it, however often.
      idempotent: true,
      ...writing(root),
    },
    async call(args, { stop }) {
      const { text } = args as { readonly text: string };
      const path = pathOf(args);
      const place = await root.locate(path);
      if (place === root.folder) return failed(`path: "${path}" is the root itself; allowed: a file in it`);
      await mkdir(dirname(place), { recursive: true }).catch(explained(path));
      const mode = await modeOf(place).catch(explained(path));
      // Beside it and then in its place: who reads meanwhile finds the old text or the new one, and another name of the old file, wherever it is, keeps the old one.
      const beside = join(dirname(place), `.ringzero-${randomUUID()}`);
      try {
        const handle = await open(beside, 'wx').catch(explained(path));
        try {
          if (mode !== undefined) await handle.chmod(mode);
          await handle.writeFile(text).catch(explained(path));
        } finally {
          await handle.close();
        }
        if (stop.isStopped) return failed('stopped');
        // Once more: the folders on the way were not made in this instant.
        if ((await root.locate(path)) !== place) return failed(`path: "${path}" has changed meanwhile`);
        await rename(beside, place).catch(explained(path));
      } finally {
        await rm(beside, { force: true });
      }
      return ok({ written: Buffer.byteLength(text) });
    },
  };
}

function listTool(root: FileRoot): LiveTool {
  return {
    spec: {
      name: 'list_files',
      description: `Lists a folder: names, folders with a slash at the end; at most ${fileLimits.entries}.`,
      parameters: {
        type: 'object',
        properties: { path: pathSchema },
        additionalProperties: false,
      },
      ...reading(root),
    },
    async call(args) {
      const place = await root.locate(pathOf(args));
      const entries = await readdir(place, { withFileTypes: true }).catch(explained(pathOf(args)));
      const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort();
      const left = names.length - fileLimits.entries;
      return ok({ names: names.slice(0, fileLimits.entries), ...(left > 0 ? { left } : {}) });
    },
  };
}

function searchTool(root: FileRoot): LiveTool {
  return {
    spec: {
      name: 'search_files',
      description: `Finds the lines that contain a text, in all files below a folder; at most ${fileLimits.matches}. Links are not followed.`,
      parameters: {
        type: 'object',
        properties: {
          text: { type: 'string', minLength: 1, maxLength: 1_000 },
          path: pathSchema,
        },
        required: ['text'],
        additionalProperties: false,
      },
      ...reading(root),
    },
    async call(args, { stop }) {
      const { text } = args as { readonly text: string };
      const matches: Json[] = [];
      const start = await root.locate(pathOf(args));
      await lstat(start).catch(explained(pathOf(args)));
      for await (const place of filesBelow(start)) {
        if (stop.isStopped) return failed('stopped');
        for (const [at, line] of (await linesOf(place)).entries()) {
          const found = line.indexOf(text);
          if (found < 0) continue;
          const path = root.keyOf(place) ?? place;
          matches.push({ path, line: at + 1, text: around(line, found) });
          if (matches.length === fileLimits.matches) return ok({ matches, isCut: true });
        }
      }
      return ok({ matches });
    },
  };
}

/** Regular files, in the order of their names. What may not be looked into is passed by. */
async function* filesBelow(place: string): AsyncGenerator<string> {
  const kind = await lstat(place).catch(() => undefined);
  if (kind?.isFile() === true) yield place;
  if (kind?.isDirectory() !== true) return;
  const entries = await readdir(place, { withFileTypes: true }).catch(() => []);
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isDirectory()) yield* filesBelow(join(place, entry.name));
    else if (entry.isFile()) yield join(place, entry.name);
  }
}

/** None of a file that is too large, may not be read, or is binary. */
async function linesOf(place: string): Promise<readonly string[]> {
  const handle = await opened(place).catch(() => undefined);
  if (handle === undefined) return [];
  try {
    if ((await handle.stat()).size > fileLimits.bytes) return [];
    const content = await handle.readFile();
    return content.includes(0) ? [] : content.toString('utf8').split('\n');
  } catch {
    return [];
  } finally {
    await handle.close();
  }
}

/** A part of a long line, in which what was found at `found` stands. */
function around(line: string, found: number): string {
  const from = found < fileLimits.lineLength / 2 ? 0 : found - fileLimits.lineLength / 4;
  return line.slice(from, from + fileLimits.lineLength);
}

/** A regular file, to be read. No link: its place was without any when it was judged. Not waited for: a pipe would wait for a writer, and keep one of the few threads. */
async function opened(place: string): Promise<FileHandle> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const handle = await open(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const kind = await handle.stat();
  if (kind.isFile()) return handle;
  await handle.close();
  throw Object.assign(new Error(), { code: kind.isDirectory() ? 'EISDIR' : 'ENXIO' });
}

/** Of the file that stands there and may be written; undefined: there is none. */
async function modeOf(place: string): Promise<number | undefined> {
  const kind = await lstat(place).catch(() => undefined);
  if (kind === undefined) return undefined;
  if (!kind.isFile()) throw Object.assign(new Error(), { code: kind.isDirectory() ? 'EISDIR' : 'ENXIO' });
  await access(place, constants.W_OK);
  return kind.mode & 0o777;
}
