import { BUNDLED } from '../../shared/sampling/localServer.ts';

/** What the files of a team's folder are made of. */
export interface TeamFolder {
  /** As the recipe says it; a path begins with `./` or `../`. @default a folder that is still to be filled */
  readonly base?: string;
  /** The address of a server that others run. */
  readonly endpoint?: string;
  readonly engine: EngineChoice;
  readonly people?: number;
  readonly hoursPerWeek?: number;
  readonly weeks?: number;
  readonly gpus: number;
  /** How the command is called from where the folder was named. */
  readonly command: string;
  readonly problems: { readonly count: number; readonly isStarter: boolean };
}

export interface EngineChoice {
  readonly engine: 'external' | 'command' | typeof BUNDLED;
  readonly reason: string;
}

/** The recipe, with what each field is and what follows from it. */
export function recipeText(team: TeamFolder): string {
  const { base = './base', endpoint, engine, gpus } = team;
  return `// What a lap of this team is, as far as it differs from the preset "team". Sizes that do not stand here
// follow from the problems, the prompts, the server's context and the people's hours; \`flywheel plan --recipe
// team.jsonc\` shows each with its reason. Any of them can be set here, and stays. Paths that begin with ./ or ../
// are files beside this one.
{
  "preset": "team",

  // The chain of laps that it belongs to. Another seed or an ablation is a run of its own.
  // "run": "main",

  "domain": {
    // One problem a line: id, statement, topic, source and, where wanted, difficulty.
    // Their number decides how many are held out, sampled, trained on and labelled. What is near-equal to a problem of
    // a benchmark is left out: "decontaminate": ["./benchmark.jsonl"].
    "settings": { "path": "./problems.jsonl" },

    // What the models are asked in each role, yours to edit: a file a task, and system.md where wanted.
    // Their lengths decide, with the context, how long proofs and analyses may be.
    "prompts": "./prompts",

    // The model that all training starts from: a Hugging Face folder, or one of a hub, "hf:org/name@revision".
    "base": ${JSON.stringify(base)},
  },

  // Who scores, and for how long: decides how many proofs and analyses they are asked about.
  // Two answer each question, and a lead where they differ; "seats": 1 asks one.
${expertsText(team)}

  // Who serves the models: "external" (servers that others run, in endpoints.json), "command" (a process for each
  // checkpoint, by FLYWHEEL_SERVE_COMMAND) or "${BUNDLED}" (the small server that comes along, for what a CPU runs).
  // ${engine.reason}
  "inference": { "engine": "${engine.engine}" },
  ${endpoint === undefined ? '// ' : ''}"endpoints": "./endpoints.json",

  // Where trainings run: GPUs of this machine. ${gpus === 0 ? 'None was found.' : `Found: ${gpus}.`}
  "training": { "gpusPerNode": ${gpus} },

  // The longest proof in tokens, its thinking included: judges' prompts and all trainings follow from it.
  // "sampling": { "prove": { "maxTokens": 4096 } },

  // A lap that would take more does not start.
  // "budget": { "calls": 50000, "expertMinutes": 3000 },
}
`;
}

function expertsText({ people, hoursPerWeek, weeks }: TeamFolder): string {
  const said = Object.entries({ people, hoursPerWeek, weeks }).filter(([, value]) => value !== undefined);
  if (said.length === 0)
    return (
      '  // Say what is true of yours; without this line two people, 4 hours a week and 2 weeks are assumed.\n' +
      '  // "experts": { "people": 2, "hoursPerWeek": 4, "weeks": 2 },'
    );
  return `  "experts": { ${said.map(([name, value]) => `"${name}": ${value}`).join(', ')} },`;
}

/** Servers, as the engine `external` reads them. */
export function endpointsText({ endpoint = 'http://127.0.0.1:8000/v1' }: TeamFolder): string {
  return `// Servers with an OpenAI-compatible API, for the engine "external". Each serves a checkpoint under its
// digest, or "models" says under which name: { "<digest>": "prover" }. "apiKeyEnv" names the variable that holds a key.
[
  { "baseUrl": ${JSON.stringify(endpoint)}, "maxConcurrency": 32 },
]
`;
}

/** @param folder as the commands shall name it. */
export function readmeText(team: TeamFolder, folder: string): string {
  const { count, isStarter } = team.problems;
  const toReplace = ' to try the road with; replace them: `flywheel import problems FILE` reads other forms';
  return `# A team's laps

- \`team.jsonc\`: the recipe; its comments say what each field is, and what follows from it
- \`problems.jsonl\`: ${count} ${isStarter ? 'easy ' : ''}problems${isStarter ? toReplace : ''}
- \`prompts/\`: what the models are asked; \`endpoints.json\`: servers that others run

${commandsOf(team, folder)
  .map((line) => `    ${line}`)
  .join('\n')}
`;
}

/** What to do next, in order. */
export function commandsOf({ base, command }: TeamFolder, folder: string): string[] {
  const recipe = `--recipe ${quoted(`${folder}/team.jsonc`)}`;
  return [
    ...(base === undefined ? [`# put your model into ${folder}/base, or name it in team.jsonc`] : []),
    `${command} plan ${recipe}    # what a lap would take, and why; runs nothing`,
    `${command} doctor ${recipe}  # asks the model in each role: does it answer, and in the formats?`,
    `${command} lap ${recipe}     # runs it, or goes on with it`,
    `${command} review --as you --wait    # where people score`,
  ];
}

/** A word as a shell reads it. */
const quoted = (text: string): string =>
  /^[\w./@-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
