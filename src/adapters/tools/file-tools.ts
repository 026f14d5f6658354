import { lstat, mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { Json } from '../../kernel/ids.ts';
import { pathOf, type ToolData } from '../../kernel/tool-data.ts';
import { explained, type FileRoot } from './file-root.ts';
import { failed, ok, type LiveTool } from './live-tool.ts';

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
        properties: { path: pathSchema, offset: { type: 'integer', minimum: 0 } },
        required: ['path'],
        additionalProperties: false,
      },
      ...reading(root),
    },
    async call(args) {
      const { offset = 0 } = args as { readonly offset?: number };
      const place = await root.locate(pathOf(args));
      const handle = await open(place).catch(explained(pathOf(args)));
      try {
        const { size } = await handle.stat();
        const buffer = Buffer.alloc(Math.max(0, Math.min(size - offset, fileLimits.bytes)));
        const { bytesRead } = await handle
          .read(buffer, 0, buffer.length, offset)
          .catch(explained(pathOf(args)));
        const text = buffer.subarray(0, bytesRead).toString('utf8');
        const next = offset + bytesRead;
        return ok(next < size ? { text, next, size } : { text });
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
      description: 'Writes a text file; what was in it before is gone. Folders on the way are made.',
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
    async call(args) {
      const { text } = args as { readonly text: string };
      const path = pathOf(args);
      const place = await root.locate(path);
      if (place === root.folder) return failed(`path: "${path}" is the root itself; allowed: a file in it`);
      await mkdir(dirname(place), { recursive: true }).catch(explained(path));
      await writeFile(place, text).catch(explained(path));
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
        const content = await readFile(place).catch(() => undefined);
        // Binary files have no lines.
        if (content === undefined || content.length > fileLimits.bytes || content.includes(0)) continue;
        for (const [at, line] of content.toString('utf8').split('\n').entries()) {
          if (!line.includes(text)) continue;
          const path = root.keyOf(place) ?? place;
          matches.push({ path, line: at + 1, text: line.slice(0, fileLimits.lineLength) });
          if (matches.length === fileLimits.matches) return ok({ matches, isCut: true });
        }
      }
      return ok({ matches });
    },
  };
}

/** Regular files, in the order of their names. */
async function* filesBelow(place: string): AsyncGenerator<string> {
  const kind = await lstat(place);
  if (kind.isFile()) yield place;
  if (!kind.isDirectory()) return;
  const entries = await readdir(place, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isDirectory()) yield* filesBelow(join(place, entry.name));
    else if (entry.isFile()) yield join(place, entry.name);
  }
}
