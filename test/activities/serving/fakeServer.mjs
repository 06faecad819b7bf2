// A fake model server: answers /health and says on any other path which process, arguments and environment it is.
// FAKE_SERVER=broken ends at once; hung accepts connections and never answers; slow answers /health after a second of
// 503.
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';

const args = process.argv.slice(2);
const port = Number(args[args.indexOf('--port') + 1]);
const mode = process.env.FAKE_SERVER ?? 'good';
appendFileSync(process.env.FAKE_STARTS, `${process.pid} ${port}\n`);
if (mode === 'broken') process.exit(3);
const since = Date.now();
createServer((request, response) => {
  if (mode === 'hung') return;
  response.statusCode = mode === 'slow' && Date.now() - since < 1_000 ? 503 : 200;
  response.end(JSON.stringify({ pid: process.pid, args }));
}).listen(port, '127.0.0.1');
