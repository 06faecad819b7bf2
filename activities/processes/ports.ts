import { createServer } from 'node:net';

const LOOPBACK = '127.0.0.1';

export function isFree(port: number, host = LOOPBACK): Promise<boolean> {
  return listen(port, host).then(
    () => true,
    () => false,
  );
}

/** The wanted port if it is free, else any that is. */
export async function freePort(wanted?: number, host = LOOPBACK): Promise<number> {
  return wanted !== undefined && (await isFree(wanted, host)) ? wanted : listen(0, host);
}

/** Listens for a moment. @returns the port. */
function listen(port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('No free port')),
      );
    });
  });
}
