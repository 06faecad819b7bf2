// Hands connections on between a network namespace and this machine, over a Unix socket, which no namespace keeps apart.
// usage: node bridge.mjs FROM TO, each a port of 127.0.0.1 or the path of a socket
import { connect, createServer } from 'node:net';

const place = (text) => (/^\d+$/.test(text) ? { host: '127.0.0.1', port: Number(text) } : { path: text });
const [from, to] = process.argv.slice(2).map(place);
createServer((near) => {
  const far = connect(to);
  for (const [one, other] of [
    [near, far],
    [far, near],
  ])
    one.on('error', () => other.destroy()).on('close', () => other.destroy());
  near.pipe(far).pipe(near);
}).listen(from);
