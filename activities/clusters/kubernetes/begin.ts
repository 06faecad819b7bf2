/**
 * Before the trainer, in its place then: so that SIGTERM reaches it. Where the log's folder is, it is written there, as
 * a pod's own goes with the pod; and an attempt that has begun there does not begin again (a Job may replace its pod).
 * Of several pods each begins once: Kubernetes tells those of an indexed Job their number.
 */
export const BEGUN = 75;
const BEGIN = `
log=$1; begun=$2\${JOB_COMPLETION_INDEX:+.$JOB_COMPLETION_INDEX}; shift 2
if [ -d "\${log%/*}" ] && [ -w "\${log%/*}" ]; then
  if ! (set -C; : > "$begun") 2>/dev/null; then
    [ -e "$begun" ] || { echo "No file can be made beside $log"; exit 74; }
    echo "This attempt has begun before"
    exit ${BEGUN}
  fi
  echo "Its log is $log"
  exec "$@" >> "$log" 2>&1
fi
exec "$@"
`;

/** The file that an attempt makes where its log is, once; of an indexed Job with the pod's number behind. */
export function begunFile(log: string, name: string): string {
  return `${log}.${name}.begun`;
}

/** What the above writes to the pod's own log when the real one is in the job's folder. */
export const ELSEWHERE = /^(Its log is .*|This attempt has begun before)\n/;

/** The words that begin an attempt. */
export function beginWords(command: readonly string[], log: string, name: string, python?: string): string[] {
  return ['/bin/sh', '-c', BEGIN, 'begin', log, begunFile(log, name), ...inImage(command, python)];
}

/** This machine's interpreter is not the image's. */
function inImage([program = '', ...args]: readonly string[], python: string | undefined): string[] {
  return [python !== undefined && /(^|\/)python[\d.]*$/.test(program) ? python : program, ...args];
}
