import { spawn } from 'node:child_process';

import type { ToolReply } from '../../host/ports.ts';
import { failed, ok, type LiveTool } from './live-tool.ts';
import { wholeText } from './whole-text.ts';

/** Bytes of each of its two outputs that a command may fill; what is beyond is left out. */
const outputBytes = 200_000;
/** For the last of what a command printed, ms, when something that it has left behind still holds its outputs. */
const lastOutputMs = 200;

/** Variables that a command gets; no other, since there may be a key among them. */
const handedOn = /^(?:PATH|HOME|USER|LOGNAME|SHELL|TERM|TZ|TMPDIR|LANG|LC_\w+)$/;

/** Runs commands in a folder with the rights of whoever runs the kernel. Off unless somebody asks for it, and then a person approves each command by default. */
export function shellTool(folder: string): LiveTool {
  return {
    spec: {
      name: 'shell',
      description:
        'Runs a command with /bin/sh; gives its exit status and what it printed. What it leaves running in the background is ended with it.',
      parameters: {
        type: 'object',
        properties: { command: { type: 'string', minLength: 1, maxLength: 10_000 } },
        required: ['command'],
        additionalProperties: false,
      },
      // A command may touch anything.
      reads: [],
      writes: ['*'],
      timeoutUs: 120_000_000,
      approval: true,
    },
    call: (args, { stop }) =>
      new Promise<ToolReply>((resolve) => {
        const { command } = args as { readonly command: string };
        // A group of its own, so that what the command has started ends with it.
        const child = spawn('/bin/sh', ['-c', command], {
          cwd: folder,
          detached: true,
          env: Object.fromEntries(Object.entries(process.env).filter(([name]) => handedOn.test(name))),
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        const kill = (): void => {
          if (child.pid !== undefined)
            try {
              process.kill(-child.pid, 'SIGKILL');
            } catch {
              // It has just ended.
            }
        };
        stop.onStop(kill);
        const [stdout, stderr] = [gathered(child.stdout), gathered(child.stderr)];
        child.on('error', (error) => resolve(failed(`shell: ${error.message}`)));
        child.on('exit', () => {
          kill();
          // Who has left the group, and still holds the outputs, is not waited for.
          const late = setTimeout(() => {
            child.stdout.destroy();
            child.stderr.destroy();
          }, lastOutputMs);
          child.on('close', () => clearTimeout(late));
        });
        child.on('close', (status, signal) => {
          if (stop.isStopped) return resolve(failed('stopped'));
          resolve(ok({ status: status ?? `ended by ${signal}`, stdout: stdout(), stderr: stderr() }));
        });
      }),
  };
}

/** What has come so far, as text. */
function gathered(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    if (length < outputBytes) chunks.push(chunk);
    length += chunk.length;
  });
  return () => {
    const kept = Buffer.concat(chunks).subarray(0, outputBytes);
    if (length <= outputBytes) return kept.toString('utf8');
    const { text, length: shown } = wholeText(kept);
    return `${text}\n[${length - shown} bytes more]`;
  };
}
