/** A server from its first request to its last: when somebody tells it to end, its runs are parked for the next one. */
import type { createApp } from '../../server/app.ts';
import { listen } from '../../server/listen.ts';
import type { Services } from '../../server/services.ts';
import type { Io } from '../command.ts';

export interface ServingOptions {
  readonly host: string;
  readonly port: number;
  /** Longest time that calls and tools under way have to come to their ends, µs. */
  readonly shutdownTimeoutUs: number;
  readonly isContinuing: boolean;
}

/** Requests under way have so long to get their answers, ms, once the runs are parked. */
const graceMs = 1_000;

/** Resolves, to the exit status, when it has ended. The caller closes the world and the storage behind it. */
export async function serveUntilTold(
  app: ReturnType<typeof createApp>,
  services: Services,
  { host, port, shutdownTimeoutUs, isContinuing }: ServingOptions,
  io: Io,
): Promise<number> {
  const server = await listen(app, { host, port });
  const told = whenTold(io);
  io.out(`listening on ${server.url}`);
  if (isContinuing) void services.left.takeUp();
  const broken = await Promise.race([told.first, services.runs.driven.broken]);
  if (broken !== undefined) {
    io.err(`error: ${broken}`);
    await services.close(Promise.resolve());
    await server.close(0);
    return 1;
  }
  const { active } = services.runs.driven;
  if (active > 0)
    io.err(
      `parking ${active === 1 ? 'a run' : `${active} runs`}; a second signal does not wait for what runs`,
    );
  const { clock } = services.world;
  let cancel: () => void = () => {};
  const late = new Promise<void>((resolve) => {
    cancel = clock.at(clock.nowUs() + shutdownTimeoutUs, resolve);
  });
  await services.close(Promise.race([told.second, late]));
  cancel();
  await server.close(graceMs);
  return 0;
}

/** Somebody wants it to end, and does not want to wait. */
function whenTold({ person }: Io): { readonly first: Promise<undefined>; readonly second: Promise<void> } {
  let tellSecond: () => void = () => {};
  const second = new Promise<void>((resolve) => (tellSecond = resolve));
  const first = new Promise<undefined>((resolve) => {
    let isTold = false;
    person.onInterrupt(() => {
      if (isTold) tellSecond();
      isTold = true;
      resolve(undefined);
    });
  });
  return { first, second };
}
