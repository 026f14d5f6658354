import type { Clock } from '../../host/ports.ts';
import { ok, type LiveTool } from './live-tool.ts';

/** What time it is, by a clock that counts from 1970. */
export function timeTool(clock: Clock): LiveTool {
  return {
    spec: {
      name: 'time',
      description: 'The time now: UTC as ISO 8601, and seconds since 1970.',
      parameters: { type: 'object', properties: {}, additionalProperties: false },
      reads: [],
      writes: [],
    },
    call: () => {
      const nowUs = clock.nowUs();
      return Promise.resolve(
        ok({ utc: new Date(nowUs / 1_000).toISOString(), seconds: Math.floor(nowUs / 1_000_000) }),
      );
    },
  };
}
